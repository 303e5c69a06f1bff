package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import java.util.Map;

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
