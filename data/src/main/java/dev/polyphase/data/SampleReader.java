package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.data.Sample.Segments.Segment;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads what the rows of one file of cpt or sft say, and those of kto but for their label. */
final class SampleReader {
  private final PhaseType phase;
  private final int vocabSize;
  private final boolean labelled;
  private final RowShape shape;
  private final Columns columns;
  private final TurnReader turns;

  /** Whether texts are turns of a conversation, since a system message stands beside them. */
  private final boolean textsAreTurns;

  /**
   * A reader of a file.
   *
   * @param first its first row
   * @throws dev.polyphase.pipelines.problems.InputException if that is of no shape that is read
   */
  SampleReader(PhaseType phase, int vocabSize, Dataset dataset, JsonRow first, ChatEncoder chats) {
    this.phase = phase;
    this.vocabSize = vocabSize;
    this.labelled = dataset.type() == RowType.UNPAIRED;
    this.columns = new Columns(dataset, phase);
    this.shape = columns.shapeOf(first);
    this.turns = new TurnReader(dataset, chats);
    this.textsAreTurns = shape == RowShape.PROMPT_COMPLETION && columns.names(first, Column.SYSTEM);
  }

  /** What a row says that is to be learned. */
  Sample read(JsonRow row) throws IOException {
    Cells cells = cells(row);
    if (shape.isLabelled()) {
      requireWanted(cells);
    }
    return said(cells);
  }

  /** The cells of a row. */
  Cells cells(JsonRow row) {
    return columns.cells(row, shape);
  }

  /** What a row says, whether it is wanted or not. */
  Sample said(Cells cells) throws IOException {
    return switch (shape) {
      case TOKENS -> tokens(cells);
      case SEGMENTS_OF_TEXT -> segments(cells);
      case RUNNING_TEXT -> new Sample.Text(cells.text(Column.TEXT));
      case PROMPT_COMPLETION -> completion(cells);
      case ALPACA -> alpaca(cells);
      case CONVERSATION -> conversation(cells);
      case PREFERENCE, PREFERENCE_TOKENS, COMPLETION_TOKENS ->
          throw new IllegalStateException(shape.toString());
    };
  }

  /** The file's shape. */
  RowShape shape() {
    return shape;
  }

  /** The file's shape, as a user writes it. */
  String shapeInWords() {
    return columns.inWords(shape);
  }

  private Sample completion(Cells cells) throws IOException {
    boolean turnsGiven =
        TurnReader.isTurns(cells.value(Column.PROMPT))
            || TurnReader.isTurns(cells.value(Column.COMPLETION));
    if (turnsGiven) {
      List<Message> prompt = turns.withSystem(cells, turns.prompt(cells, Column.PROMPT));
      return new Sample.ChatCompletion(
          turns.conversation(cells, prompt), turns.turns(cells, Column.COMPLETION));
    }
    String prompt = cells.text(Column.PROMPT);
    String completion = cells.text(Column.COMPLETION);
    if (textsAreTurns) {
      List<Message> asked = turns.withSystem(cells, List.of(new Message(TurnReader.USER, prompt)));
      return new Sample.ChatCompletion(
          turns.conversation(cells, asked), List.of(new Message(TurnReader.ASSISTANT, completion)));
    }
    cells.refuseForTemplates();
    return new Sample.Completion(prompt, completion);
  }

  private Sample alpaca(Cells cells) throws IOException {
    List<Message> all = new ArrayList<>(turns.withSystem(cells, turns.task(cells)));
    all.add(new Message(TurnReader.ASSISTANT, cells.text(Column.OUTPUT)));
    return new Sample.Chat(turns.conversation(cells, all));
  }

  private Sample conversation(Cells cells) throws IOException {
    List<Message> said = turns.turns(cells, Column.MESSAGES);
    cells
        .unclear()
        .forEach(
            (key, refusal) -> {
              String text = cells.row().fields().path(key).asText().strip();
              if (said.stream().noneMatch(turn -> turn.content().strip().equals(text))) {
                throw refusal.of(cells.row(), key);
              }
            });
    return new Sample.Chat(turns.conversation(cells, turns.withSystem(cells, said)));
  }

  /** A completion that is not wanted would be taught by this loss. */
  private void requireWanted(Cells cells) {
    JsonNode label = cells.value(Column.LABEL);
    if (labelled || label.isBoolean()) {
      if (!cells.wanted()) {
        throw cells
            .row()
            .wrong(
                Reason.UNWANTED,
                "\"%s\" is %s: this completion is not wanted, and sft would teach it; leave such rows out, or set max_bad_ratio to their share, with which they are left out and counted"
                    .formatted(cells.name(Column.LABEL), label));
      }
    } else if (cells.has(Column.LABEL) && !label.isTextual()) {
      throw cells
          .row()
          .wrong(
              Reason.COLUMN_REFUSED,
              "\"%s\" is %s; if it says whether the completion is wanted set the dataset's type to unpaired, else name it in ignore_columns"
                  .formatted(cells.name(Column.LABEL), JsonRow.kind(label)));
    }
  }

  private Sample segments(Cells cells) {
    JsonRow row = cells.row();
    JsonNode list = cells.value(Column.SEGMENTS);
    if (!list.isArray()) {
      throw row.wrong(
          Reason.TYPE,
          "\"segments\" must be a list of {\"label\", \"text\"}, found " + JsonRow.kind(list));
    }
    List<Segment> parts = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      String at = "segments[" + i + "]";
      JsonNode label = list.get(i).path("label");
      JsonNode text = list.get(i).path("text");
      if (!label.isBoolean()) {
        throw row.wrong(
            Reason.TYPE,
            "%s.label must be true or false, found %s"
                .formatted(at, label.isMissingNode() ? "nothing" : JsonRow.kind(label)));
      }
      if (text.isMissingNode()) {
        throw row.wrong(Reason.COLUMN_MISSING, at + ".text is missing");
      }
      list.get(i)
          .fieldNames()
          .forEachRemaining(
              key -> {
                if (!key.equals("label") && !key.equals("text") && !RowKeys.isAbout(key)) {
                  throw row.wrong(
                      Reason.COLUMN_UNKNOWN,
                      "%s.%s is not understood; a segment is {\"label\", \"text\"}"
                          .formatted(at, key));
                }
              });
      parts.add(new Segment(row.text(at + ".text", text), label.booleanValue()));
    }
    if (parts.isEmpty()) {
      throw row.wrong(Reason.EMPTY, "\"segments\" is empty; leave such rows out");
    }
    return new Sample.Segments(parts);
  }

  private Sample tokens(Cells cells) {
    JsonRow row = cells.row();
    int[] ids = row.ids("input_ids", vocabSize);
    if (ids.length == 0) {
      throw row.wrong(Reason.EMPTY, "\"input_ids\" is empty; leave such rows out");
    }
    boolean masked = cells.has(Column.COMPLETION_MASK) || cells.has(Column.ASSISTANT_MASKS);
    int[] labels = ids;
    if (cells.has(Column.LABELS)) {
      labels = row.labels("labels", vocabSize);
      requireAsMany(row, ids.length, labels.length, "labels", "label", ", -100 for no loss");
    } else if (!masked && phase == PhaseType.SFT) {
      throw row.wrong(
          Reason.COLUMN_MISSING,
          "\"labels\" is missing; give one for each of the input_ids, -100 for no loss, or a completion_mask");
    }
    return new Sample.Tokens(new Example(ids, masked ? masked(cells, ids, labels) : labels));
  }

  /** A token is learned where each mask has 1; labels beside masks must say the same. */
  private static int[] masked(Cells cells, int[] ids, int[] labels) {
    int[] masked = ids.clone();
    for (Column column : List.of(Column.COMPLETION_MASK, Column.ASSISTANT_MASKS)) {
      if (cells.has(column)) {
        apply(cells, column, masked);
      }
    }
    if (cells.has(Column.LABELS)) {
      for (int t = 0; t < ids.length; t++) {
        if ((labels[t] == JsonRow.NO_LOSS) != (masked[t] == JsonRow.NO_LOSS)) {
          throw cells
              .row()
              .wrong(
                  Reason.CONTRADICTION,
                  "labels[%d] is %d, and the masks say otherwise; give labels or masks alone"
                      .formatted(t, labels[t]));
        }
      }
      return labels;
    }
    return masked;
  }

  private static void apply(Cells cells, Column column, int[] masked) {
    JsonRow row = cells.row();
    String name = cells.name(column);
    JsonNode mask = cells.value(column);
    if (!mask.isArray()) {
      throw row.wrong(
          Reason.TYPE,
          "\"%s\" must be a list of 0 and 1, found %s".formatted(name, JsonRow.kind(mask)));
    }
    requireAsMany(row, masked.length, mask.size(), "values of " + name, "value", "");
    for (int t = 0; t < masked.length; t++) {
      JsonNode value = mask.get(t);
      boolean on = value.isBoolean() ? value.booleanValue() : value.asInt(-1) == 1;
      if (!value.isBoolean() && !(value.isInt() && (value.intValue() & ~1) == 0)) {
        throw row.wrong(
            Reason.TYPE,
            "%s[%d] is %s, and must be 0 or 1"
                .formatted(name, t, value.isContainerNode() ? JsonRow.kind(value) : value));
      }
      if (!on) {
        masked[t] = JsonRow.NO_LOSS;
      }
    }
  }

  private static void requireAsMany(
      JsonRow row, int ids, int others, String what, String one, String more) {
    if (ids != others) {
      throw row.wrong(
          Reason.CONTRADICTION,
          "%d input_ids and %d %s; there must be a %s for each id%s"
              .formatted(ids, others, what, one, more));
    }
  }
}
