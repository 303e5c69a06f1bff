package dev.polyphase.data;

import static java.util.stream.Collectors.joining;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A field of an Arrow schema.
 *
 * @param name what it is called
 * @param kind what its values are
 * @param width bits of a number; bytes of a value of fixed size, or values of such a list
 * @param signed whether an integer has a sign, a time is of a zone
 * @param unit of dates and times, as Arrow counts units; the scale of a decimal
 * @param dictionary the id of the dictionary that its values stand in, if {@code index} is there
 * @param index of the numbers of those values; null where they stand in the column itself
 * @param children of lists one, of structs any number
 */
record ArrowType(
    String name,
    Kind kind,
    int width,
    boolean signed,
    int unit,
    long dictionary,
    @Nullable ArrowType index,
    List<ArrowType> children) {

  /** In the order of Arrow's union of types, from 1 on. */
  enum Kind {
    NULL,
    INT,
    FLOAT,
    BINARY,
    TEXT,
    BOOL,
    DECIMAL,
    DATE,
    TIME,
    TIMESTAMP,
    INTERVAL,
    LIST,
    STRUCT,
    UNION,
    FIXED_BINARY,
    FIXED_LIST,
    MAP,
    DURATION,
    LARGE_BINARY,
    LARGE_TEXT,
    LARGE_LIST,
    RUN_END_ENCODED,
    BINARY_VIEW,
    TEXT_VIEW,
    LIST_VIEW,
    LARGE_LIST_VIEW;

    boolean isBinary() {
      return this == BINARY || this == LARGE_BINARY || this == FIXED_BINARY || this == BINARY_VIEW;
    }

    boolean hasLongOffsets() {
      return this == LARGE_BINARY || this == LARGE_TEXT || this == LARGE_LIST;
    }
  }

  private static final int DAY = 0;
  private static final int MILLISECOND = 1;
  private static final int BITS_OF_A_DECIMAL = 128;

  /**
   * A field as its schema describes it.
   *
   * @param file for messages
   * @throws InputException if values of its type are not read
   */
  static ArrowType of(Flatbuffer field, String file) {
    String name = field.text(0).orElse("");
    int number = field.int8(2);
    if (number < 1 || number > Kind.values().length) {
      throw refused(file, name, "a type of its own");
    }
    Kind kind = Kind.values()[number - 1];
    Flatbuffer type = field.table(3).orElseThrow(IndexOutOfBoundsException::new);
    int width = 0;
    boolean signed = false;
    int unit = 0;
    switch (kind) {
      case INT -> {
        width = type.int32(0, 0);
        signed = type.int8(1) != 0;
      }
      // Their precision is half, single or double.
      case FLOAT -> width = 16 << type.int16(0, 0);
      case DECIMAL -> {
        unit = type.int32(1, 0);
        width = type.int32(2, BITS_OF_A_DECIMAL);
        signed = true;
      }
      case DATE -> {
        unit = type.int16(0, MILLISECOND);
        width = unit == DAY ? 32 : 64;
      }
      case TIME -> {
        unit = type.int16(0, MILLISECOND);
        width = type.int32(1, 32);
      }
      case TIMESTAMP -> {
        unit = type.int16(0, 0);
        width = 64;
        signed = type.text(1).filter(zone -> !zone.isEmpty()).isPresent();
      }
      case DURATION -> {
        unit = type.int16(0, MILLISECOND);
        width = 64;
        signed = true;
      }
      case FIXED_BINARY, FIXED_LIST -> width = type.int32(0, 0);
      case INTERVAL, UNION, RUN_END_ENCODED, LIST_VIEW, LARGE_LIST_VIEW ->
          throw refused(file, name, kind.name().toLowerCase(Locale.ROOT).replace('_', ' '));
      case NULL,
          BINARY,
          TEXT,
          BOOL,
          LIST,
          STRUCT,
          MAP,
          LARGE_BINARY,
          LARGE_TEXT,
          LARGE_LIST,
          BINARY_VIEW,
          TEXT_VIEW -> {}
    }
    List<ArrowType> children = new ArrayList<>();
    for (int i = 0; i < field.size(5); i++) {
      children.add(of(field.item(5, i), file));
    }
    Optional<Flatbuffer> encoding = field.table(4);
    return new ArrowType(
        name,
        kind,
        width,
        signed,
        unit,
        encoding.map(given -> given.int64(0)).orElse(0L),
        encoding.map(ArrowType::indexOf).orElse(null),
        children);
  }

  private static ArrowType indexOf(Flatbuffer encoding) {
    Optional<Flatbuffer> type = encoding.table(1);
    return new ArrowType(
        "",
        Kind.INT,
        type.map(given -> given.int32(0, 0)).orElse(32),
        type.map(given -> given.int8(1) != 0).orElse(true),
        0,
        0,
        null,
        List.of());
  }

  private static InputException refused(String file, String name, String type) {
    return new InputException(
        Place.in(file),
        "the column %s is of a type that is not read (%s); leave it out, or write it as another"
            .formatted(name, type));
  }

  /** Of the values that its dictionary holds. */
  ArrowType ofValues() {
    return new ArrowType(name, kind, width, signed, unit, 0, null, children);
  }

  /** Whether bytes are in its values. */
  boolean holdsBytes() {
    return kind.isBinary() || children.stream().anyMatch(ArrowType::holdsBytes);
  }

  /** What DuckDB calls the type of its values in JSON. */
  String sql() {
    return switch (kind) {
      case INT -> (signed ? "" : "U") + sqlOfInteger();
      case FLOAT -> width == 64 ? "DOUBLE" : "FLOAT";
      case BOOL -> "BOOLEAN";
      // As many digits as there can be.
      case DECIMAL -> unit >= 0 && unit <= 38 ? "DECIMAL(38, %d)".formatted(unit) : "VARCHAR";
      case DATE -> "DATE";
      case TIME -> "TIME";
      case TIMESTAMP -> signed ? "TIMESTAMPTZ" : "TIMESTAMP";
      case DURATION -> "BIGINT";
      case LIST, LARGE_LIST, FIXED_LIST -> children.get(0).sql() + "[]";
      case STRUCT ->
          children.isEmpty()
              ? "JSON"
              : children.stream()
                  .map(child -> DuckDb.name(child.name()) + " " + child.sql())
                  .collect(joining(", ", "STRUCT(", ")"));
      case MAP -> "JSON";
      case NULL,
          BINARY,
          TEXT,
          FIXED_BINARY,
          LARGE_BINARY,
          LARGE_TEXT,
          BINARY_VIEW,
          TEXT_VIEW,
          INTERVAL,
          UNION,
          RUN_END_ENCODED,
          LIST_VIEW,
          LARGE_LIST_VIEW ->
          "VARCHAR";
    };
  }

  private String sqlOfInteger() {
    return switch (width) {
      case 8 -> "TINYINT";
      case 16 -> "SMALLINT";
      case 32 -> "INTEGER";
      default -> "BIGINT";
    };
  }
}
