package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the columns of a dataset's rows mean, and which shape they make. */
final class Columns {
  private static final String UNPAIRED =
      "; completions that are wanted or not are for phases of type kto: make pairs of them, or take such a phase";

  private final Dataset dataset;
  private final PhaseType phase;
  private final Map<String, Column> byName = new HashMap<>();
  private final Set<String> ignored;

  Columns(Dataset dataset, PhaseType phase) {
    this.dataset = dataset;
    this.phase = phase;
    this.ignored = Set.copyOf(dataset.ignoreColumns());
    for (Column column : Column.values()) {
      if (column.givenName(dataset.fields()).isEmpty()) {
        column.usualNames().forEach(name -> byName.put(name, column));
      }
    }
    for (Column column : Column.values()) {
      column.givenName(dataset.fields()).ifPresent(name -> byName.put(name, column));
    }
    byName.keySet().removeAll(ignored);
  }

  /**
   * The shape of a file whose first row this is.
   *
   * @throws InputException if it has none that the phase reads, or several
   */
  RowShape shapeOf(JsonRow first) {
    List<RowShape> candidates = RowShape.of(phase, dataset.type());
    if (candidates.isEmpty()) {
      String more = phase.readsPairs() && dataset.type() == RowType.UNPAIRED ? UNPAIRED : "";
      throw ofFile(
          first,
          "its dataset's type, %s, does not fit a phase of type %s, which reads %s%s"
              .formatted(
                  word(dataset.type()),
                  word(phase),
                  listed(RowShape.of(phase, RowType.AUTO)),
                  more));
    }
    requireGivenNames(first);
    // Columns that are null in the first row may say something in others.
    for (boolean withNulls : new boolean[] {false, true}) {
      Set<Column> present = present(first, withNulls);
      List<RowShape> fitting = candidates.stream().filter(shape -> shape.fits(present)).toList();
      if (fitting.size() > 1) {
        fitting = narrowed(first, fitting);
      }
      if (!fitting.isEmpty()) {
        requireLabel(first, present, fitting.get(0));
        return fitting.get(0);
      }
    }
    throw ofFile(
        first,
        "this row has %s, and must be %s%s"
            .formatted(keysOf(first), listed(candidates), advice(first)));
  }

  /** Of shapes that all fit, the one that leaves no column over. */
  private List<RowShape> narrowed(JsonRow first, List<RowShape> fitting) {
    List<RowShape> whole =
        fitting.stream().filter(shape -> refusals(first, shape).isEmpty()).toList();
    if (whole.size() == 1) {
      return whole;
    }
    throw ofFile(
        first,
        "this row has the columns of several shapes, %s; say by the dataset's type which is meant"
            .formatted(listed(fitting)));
  }

  private void requireGivenNames(JsonRow first) {
    for (Column column : Column.values()) {
      Optional<String> name = column.givenName(dataset.fields());
      if (name.isPresent() && !column.mayBeMissing() && !first.fields().has(name.get())) {
        throw ofFile(
            first,
            "the dataset's %s names the column \"%s\", and this row has %s"
                .formatted(column.key(), name.get(), keysOf(first)));
      }
    }
  }

  private void requireLabel(JsonRow first, Set<Column> present, RowShape shape) {
    boolean ofType = dataset.type() == RowType.UNPAIRED;
    if ((ofType || isJudged(shape)) && !present.contains(Column.LABEL)) {
      throw ofFile(
          first,
          "this row has %s, and rows of %s need \"%s\", true or false; give them one, or say with field_label what it is called"
              .formatted(
                  keysOf(first), ofType ? "type unpaired" : "kto phases", nameOf(Column.LABEL)));
    }
  }

  /** Whether rows of a shape must say whether their completion is wanted. */
  private boolean isJudged(RowShape shape) {
    return phase == PhaseType.KTO && shape.isLabelled();
  }

  /** What is wrong with all rows of a file, by its first. */
  static InputException ofFile(JsonRow first, String sentence) {
    return new InputException(first.place(), sentence);
  }

  private String advice(JsonRow first) {
    Set<Column> present = present(first, false);
    if (dataset.type() == RowType.COMPLETION && present.contains(Column.TEXT)) {
      return "; what others call completion is type text here";
    }
    if (dataset.type() != RowType.AUTO) {
      return "; its dataset's type is " + word(dataset.type());
    }
    if (phase.readsPairs() && present.contains(Column.LABEL)) {
      return UNPAIRED;
    }
    for (PhaseType other : PhaseType.values()) {
      Optional<RowShape> shape =
          RowShape.of(other, RowType.AUTO).stream().filter(each -> each.fits(present)).findFirst();
      if (other != phase && shape.isPresent()) {
        return "; %s is for phases of type %s".formatted(inWords(shape.get()), word(other));
      }
    }
    return "; columns of other names are named by keys as field_prompt";
  }

  /** Whether a row has a column, if with nothing in it. */
  boolean names(JsonRow row, Column column) {
    return present(row, true).contains(column);
  }

  private Set<Column> present(JsonRow row, boolean withNulls) {
    Set<Column> present = EnumSet.noneOf(Column.class);
    for (Map.Entry<String, JsonNode> entry : row.fields().properties()) {
      @Nullable Column column = byName.get(entry.getKey());
      if (column != null && (withNulls || !entry.getValue().isNull())) {
        present.add(column);
      }
    }
    return present;
  }

  /**
   * The cells of a row by what they mean.
   *
   * @throws BadRowException if it lacks columns of the shape, or has one that is not understood
   */
  Cells cells(JsonRow row, RowShape shape) {
    Map<Column, String> names = new EnumMap<>(Column.class);
    for (Map.Entry<String, JsonNode> entry : row.fields().properties()) {
      @Nullable Column column = byName.get(entry.getKey());
      if (column == null || entry.getValue().isNull() || !shape.takes(column)) {
        continue;
      }
      @Nullable String other = names.putIfAbsent(column, entry.getKey());
      if (other != null && !row.fields().path(other).equals(entry.getValue())) {
        throw row.wrong(
            Reason.CONTRADICTION,
            "\"%s\" and \"%s\" say the same thing in two ways; name one of them in ignore_columns"
                .formatted(other, entry.getKey()));
      }
    }
    if (!shape.fits(names.keySet())) {
      throw row.wrong(
          present(row, true).stream().anyMatch(shape::takes) ? Reason.COLUMN_MISSING : Reason.SHAPE,
          "this row has %s, and the rows of this file are %s"
              .formatted(keysOf(row), inWords(shape)));
    }
    Map<String, RowKeys.Refusal> unclear = new LinkedHashMap<>();
    for (Map.Entry<String, RowKeys.Refusal> entry : refusals(row, shape).entrySet()) {
      // A conversation may repeat a column, which is then not lost.
      if (shape != RowShape.CONVERSATION || !row.fields().path(entry.getKey()).isTextual()) {
        throw entry.getValue().of(row, entry.getKey());
      }
      unclear.put(entry.getKey(), entry.getValue());
    }
    return new Cells(row, this, names, unclear);
  }

  /** The columns that a shape does not take and that can't be passed over. */
  private Map<String, RowKeys.Refusal> refusals(JsonRow row, RowShape shape) {
    Map<String, RowKeys.Refusal> refusals = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : row.fields().properties()) {
      String key = entry.getKey();
      JsonNode value = entry.getValue();
      if (value.isNull() || ignored.contains(key)) {
        continue;
      }
      @Nullable Column column = byName.get(key);
      Optional<RowKeys.Refusal> refusal =
          column == null
              ? RowKeys.refusal(key, value, shape)
              : shape.takes(column)
                  ? Optional.empty()
                  : refusalOf(column, value, present(row, false), shape);
      refusal.ifPresent(found -> refusals.put(key, found));
    }
    return refusals;
  }

  private Optional<RowKeys.Refusal> refusalOf(
      Column column, JsonNode value, Set<Column> present, RowShape shape) {
    // The type says which of a row's shapes is meant, and so which is not.
    boolean ofAnother =
        dataset.type() != RowType.AUTO
            && Arrays.stream(RowShape.values())
                .anyMatch(other -> other.takes(column) && other.fits(present));
    if (ofAnother || (column == Column.LABEL ? value.isTextual() : !Message.isGiven(value))) {
      return Optional.empty();
    }
    if (column == Column.TOOLS && ChatTemplate.tools(value).isNull()) {
      return Optional.empty();
    }
    boolean forTemplates = column != Column.SYSTEM && Column.FOR_TEMPLATES.contains(column);
    return Optional.of(
        new RowKeys.Refusal(
            Reason.COLUMN_REFUSED,
            forTemplates
                ? "is for a chat template, and this row is no conversation; take it out"
                : "is not read beside %s; take it out, or name it in ignore_columns"
                    .formatted(inWords(shape))));
  }

  // ---- in words

  /** What a column is called in the rows of this dataset. */
  String nameOf(Column column) {
    return column.givenName(dataset.fields()).orElse(column.usualNames().get(0));
  }

  /** A shape as a user writes it, as {@code {"prompt", "completion"}}. */
  String inWords(RowShape shape) {
    List<Column> needed = new ArrayList<>(shape.needs().get(0));
    if (isJudged(shape)) {
      needed.add(Column.LABEL);
    }
    return needed.stream()
        .map(column -> "\"" + nameOf(column) + "\"")
        .collect(Collectors.joining(", ", "{", "}"));
  }

  private String listed(Collection<RowShape> shapes) {
    List<String> words = shapes.stream().map(this::inWords).toList();
    int last = words.size() - 1;
    return last == 0
        ? words.get(0)
        : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
  }

  private static String keysOf(JsonRow row) {
    if (row.fields().isEmpty()) {
      return "no keys";
    }
    return row.fields().properties().stream()
        .map(field -> "\"" + field.getKey() + "\"" + (field.getValue().isNull() ? ": null" : ""))
        .collect(Collectors.joining(", ", "the keys ", ""));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
