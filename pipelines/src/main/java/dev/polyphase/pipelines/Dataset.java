package dev.polyphase.pipelines;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Files of rows to train on.
 *
 * @param path a file, a folder, a glob, or the id of a data set on the hub; relative to the
 *     pipeline file's folder
 * @param type the shape of its rows; {@link RowType#AUTO} finds it in each file's first row
 * @param name the configuration of a data set on the hub; empty for its only or default one
 * @param split which of a folder's or data set's splits
 * @param revision which version of a data set on the hub; empty for its main branch
 * @param where which rows of Parquet, CSV and Arrow files, as a condition in SQL; empty for all
 * @param channel what metrics call its loss; empty for the last part of the path
 * @param weight how often a row is seen in one epoch, 1 for once, or its share where {@link
 *     Rows#mixBy()} says so
 * @param ignoreColumns columns and keys of turns that are not to be read, beside those that tell
 *     where a row is from or what was found of it
 * @param chatTemplateKwargs variables that the chat template is given with each conversation: truth
 *     values, numbers, texts, and lists and mappings of these
 * @param fields what its columns are called where they have other names
 * @param roles what the speakers of its conversations are called beside the common names
 * @param loss which of its rows' tokens carry loss
 */
public record Dataset(
    @Key(
            means =
                "a file, a folder, a glob, or the id of a data set on the hub, relative to the"
                    + " pipeline file",
            wanted = "a file, a folder, a glob or an id")
        String path,
    @Key(
            means =
                "the rows' shape: `text`, `messages` (`chat_template`, `sharegpt`), `completion`"
                    + " (a prompt and what follows it), `alpaca`, `segments` (`input_output`),"
                    + " `preference` (`chat_template.default`), `unpaired` (`kto`), `tokens`; that"
                    + " of each file's first row otherwise",
            absent = "auto")
        RowType type,
    @Key(means = "the configuration of a data set on the hub") Optional<String> name,
    @Key(means = "the split of a folder or of a data set on the hub") Optional<String> split,
    @Key(means = "a commit, branch or tag of a data set on the hub; its main branch otherwise")
        Optional<String> revision,
    @Key(means = "which rows of Parquet, CSV and Arrow files, as a condition in SQL")
        Optional<String> where,
    @Key(
            means =
                "what metrics call it, as in `loss/NAME`; the last part of its path otherwise,"
                    + " without endings")
        Optional<String> channel,
    @Key(
            means = "how often a row is seen in one epoch, or a share, as `mix_by` says",
            absent = "1",
            above = 0,
            to = 1000)
        double weight,
    @Key(
            means =
                "columns, and keys of turns, of no meaning for training, which are not read; those"
                    + " that are called `id`, `source`, `score` and the like need not be named",
            items = 0,
            orOne = true,
            spelledOut = false)
        List<String> ignoreColumns,
    @Key(
            means =
                "variables that the chat template is given with each conversation, as"
                    + " `{enable_thinking: false}`; a row's own come first",
            spelledOut = false)
        Map<String, Object> chatTemplateKwargs,
    Fields fields,
    @Key(means = "further names of speakers, as `{assistant: [bot]}`") Roles roles,
    LossOn loss) {

  public Dataset {
    ignoreColumns = List.copyOf(ignoreColumns);
    chatTemplateKwargs = Collections.unmodifiableMap(new LinkedHashMap<>(chatTemplateKwargs));
  }

  /** Files of which nothing is said but this. */
  public Dataset(String path, RowType type, double weight) {
    this(
        path,
        type,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        weight,
        List.of(),
        Map.of(),
        Fields.AS_USUAL,
        Roles.AS_USUAL,
        LossOn.ASSISTANT);
  }

  /** The shapes of rows. */
  public enum RowType {
    /** That of each file's first row. */
    AUTO,
    /** Running text. */
    TEXT,
    /** Conversations. */
    @Word({"messages", "chat_template", "sharegpt"})
    MESSAGES,
    /** Prompts and what follows them. */
    COMPLETION,
    /** Tasks and answers. */
    ALPACA,
    /** Texts in parts, each of which says whether it is learned. */
    @Word({"segments", "input_output"})
    SEGMENTS,
    /** Pairs of completions, one of which is preferred. */
    @Word({"preference", "chat_template.default"})
    PREFERENCE,
    /** Prompts and completions with a label that says whether they are wanted. */
    @Word({"unpaired", "kto"})
    UNPAIRED,
    /** Token ids. */
    TOKENS
  }
}
