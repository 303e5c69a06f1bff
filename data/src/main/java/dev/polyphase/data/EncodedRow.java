package dev.polyphase.data;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Roles;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.tokens.UnreadableTextException;
import java.io.IOException;
import java.util.Optional;

/** What is common to rows of all phases while they are made into tokens. */
final class EncodedRow {
  private EncodedRow() {}

  /** What is made of a row. */
  interface Encoding<T> {
    /** Makes it. */
    T encode() throws IOException;
  }

  /**
   * What is made of a row; what the chat template or the tokenizer can't take is this row's fault.
   *
   * @throws BadRowException if the row is wrong
   * @throws InputException if the model's files are at fault
   */
  static <T> T of(JsonRow row, Encoding<T> encoding) throws IOException {
    try {
      return encoding.encode();
    } catch (UnreadableTextException e) {
      throw row.wrong(Reason.TOKENIZER, String.valueOf(e.getMessage()));
    } catch (InputException e) {
      Problem problem = e.problems().get(0);
      throw problem.place() == null ? row.wrong(Reason.TEMPLATE, problem.sentence()) : e;
    }
  }

  /**
   * What a file's first row says.
   *
   * @throws BadRowException if something is wrong with that row alone
   * @throws InputException if it has a column that is not understood, as the others have then
   */
  static <S> S first(Encoding<S> sample) throws IOException {
    try {
      return sample.encode();
    } catch (BadRowException e) {
      throw e.reason() == Reason.COLUMN_UNKNOWN ? new InputException(e.problems()) : e;
    }
  }

  /**
   * Refuses what a dataset says of the tokens that carry loss, where its rows decide that.
   *
   * @param what which tokens of such rows do
   */
  static void requireLossAsUsual(Dataset dataset, JsonRow first, String what) {
    if (!dataset.loss().equals(LossOn.ASSISTANT)) {
      throw Columns.ofFile(
          first,
          what
              + ", whatever the dataset's train_on_inputs, roles_to_train, train_on_eos and last_turn_only say; leave them out");
    }
  }

  /**
   * Refuses what a dataset says of conversations where its rows are none.
   *
   * @param chats whether they are
   */
  static void requireNothingOfChats(Dataset dataset, JsonRow first, boolean chats) {
    Optional<String> ofChats =
        dataset.chatTemplateKwargs().isEmpty()
            ? ofTurns(dataset)
            : Optional.of("chat_template_kwargs");
    if (ofChats.isPresent() && !chats) {
      throw Columns.ofFile(
          first,
          "the dataset's %s is for conversations, and these rows are none; leave it out"
              .formatted(ofChats.get()));
    }
  }

  /** The first key of a dataset that is about turns. */
  static Optional<String> ofTurns(Dataset dataset) {
    if (!dataset.roles().equals(Roles.AS_USUAL)) {
      return Optional.of("roles");
    }
    return dataset.fields().role().isPresent()
        ? Optional.of("field_role")
        : dataset.fields().content().map(named -> "field_content");
  }

  /** All that tokens follow from beside the rows and their dataset. */
  static String fingerprint(PhaseType phase, int vocabSize, ChatEncoder chats) throws IOException {
    return String.join(" ", phase.name(), String.valueOf(vocabSize), chats.fingerprint());
  }
}
