package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The cells of a row by what they mean.
 *
 * @param row the row
 * @param columns what its columns mean
 * @param names what the columns of its shape are called in it, where they are not null
 * @param unclear columns of texts that are refused unless turns repeat them
 */
record Cells(
    JsonRow row, Columns columns, Map<Column, String> names, Map<String, RowKeys.Refusal> unclear) {

  /** Texts that mean a truth value. */
  private static final Set<String> TRUTH = Set.of("true", "false", "1", "0");

  /** Whether there is a value, not null. */
  boolean has(Column column) {
    return names.containsKey(column);
  }

  /** Whether there is a value that says something. */
  boolean isGiven(Column column) {
    return has(column) && Message.isGiven(value(column));
  }

  /** What the column is called. */
  String name(Column column) {
    return names.getOrDefault(column, columns.nameOf(column));
  }

  /** The value; missing where there is none. */
  JsonNode value(Column column) {
    return row.fields().path(name(column));
  }

  /**
   * The text of a column.
   *
   * @throws BadRowException if there is none
   */
  String text(Column column) {
    String name = "\"" + name(column) + "\"";
    if (value(column).isMissingNode()) {
      throw row.wrong(Reason.COLUMN_MISSING, name + " is missing");
    }
    return row.text(name, value(column));
  }

  /** The text of a column; empty where there is none. */
  String textOrNone(Column column) {
    return has(column) ? text(column) : "";
  }

  /**
   * Whether the row's label says that its completion is wanted.
   *
   * @throws BadRowException if it is missing, or neither true nor false, 1 nor 0
   */
  boolean wanted() {
    if (!has(Column.LABEL)) {
      throw row.wrong(
          Reason.COLUMN_MISSING,
          "\"%s\" is missing, and rows of type unpaired need it, true or false"
              .formatted(name(Column.LABEL)));
    }
    JsonNode label = value(Column.LABEL);
    boolean isBit = label.isInt() && (label.intValue() & ~1) == 0;
    if (!label.isBoolean() && !isBit) {
      boolean asText = label.isTextual() && TRUTH.contains(label.asText().toLowerCase(Locale.ROOT));
      throw row.wrong(
          Reason.TYPE,
          "\"%s\" must be true or false, found %s%s"
              .formatted(
                  name(Column.LABEL),
                  JsonRow.kind(label),
                  asText
                      ? ", as all values of CSV are; give such rows as JSON or Parquet, where it is a truth value"
                      : ""));
    }
    return label.asBoolean();
  }

  /**
   * Refuses what only a chat template could make something of, in a row of texts.
   *
   * @throws BadRowException if there is something of the kind
   */
  void refuseForTemplates() {
    for (Column column : Column.FOR_TEMPLATES) {
      boolean none =
          column == Column.TOOLS ? ChatTemplate.tools(value(column)).isNull() : !isGiven(column);
      if (!none) {
        throw row.wrong(
            Reason.COLUMN_REFUSED,
            "\"%s\" is for a chat template, and this row is no conversation; %s"
                .formatted(
                    name(column),
                    column == Column.SYSTEM
                        ? "give every row of the file this column, or take it out"
                        : "take it out, or give the texts as messages"));
      }
    }
  }
}
