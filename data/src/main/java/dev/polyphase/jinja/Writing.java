package dev.polyphase.jinja;

import dev.polyphase.weights.PythonFloat;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Values as text: Python's {@code str} and {@code repr}. */
final class Writing {
  private Writing() {}

  /** Python's {@code str}: strings as they are, what is undefined as nothing. */
  static void write(Value value, Output output) {
    if (value instanceof Value.Text text) {
      output.append(text.value());
    } else if (!(value instanceof Value.Undefined)) {
      represent(value, output);
    }
  }

  /** Python's {@code str} as a string. */
  static String text(Value value) {
    if (value instanceof Value.Text text) {
      return text.value();
    }
    Output output = new Output();
    write(value, output);
    return output.toString();
  }

  /**
   * Python's {@code repr}: strings in quotes.
   *
   * @throws Fault for what Python writes as an address in memory
   */
  static void represent(Value value, Output output) {
    if (value == Value.None.NONE) {
      output.append("None");
    } else if (value instanceof Value.Bool bool) {
      output.append(bool.truthy() ? "True" : "False");
    } else if (value instanceof Value.Whole whole) {
      output.append(whole(whole.value()));
    } else if (value instanceof Value.Real real) {
      output.append(real(real.value()));
    } else if (value instanceof Value.Text text) {
      quote(text.value(), output);
    } else if (value instanceof Value.Undefined) {
      output.append("Undefined");
    } else if (value instanceof Value.Mapping mapping) {
      mapping(mapping.entries(), output);
    } else if (value instanceof Value.Series series && series.kind() == Value.Series.Kind.LIST) {
      series("[", series.items(), "]", output);
    } else if (value instanceof Value.Series series && series.kind() == Value.Series.Kind.TUPLE) {
      series("(", series.items(), series.items().size() == 1 ? ",)" : ")", output);
    } else {
      throw new Fault("a " + value.typeName() + " can't be written out; is |list missing?");
    }
  }

  /** An integer's digits, which take long to find where there are many. */
  static String whole(BigInteger value) {
    Budget.work((long) value.bitLength() * value.bitLength() / 1000);
    return value.toString();
  }

  private static String real(double value) {
    if (Double.isFinite(value)) {
      return PythonFloat.toString(value);
    }
    return Double.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  }

  private static void series(String open, List<Value> items, String close, Output output) {
    output.append(open);
    String between = "";
    for (Value item : items) {
      output.append(between);
      represent(item, output);
      between = ", ";
    }
    output.append(close);
  }

  private static void mapping(Map<Value, Value> entries, Output output) {
    output.append("{");
    String between = "";
    for (Map.Entry<Value, Value> entry : entries.entrySet()) {
      output.append(between);
      represent(entry.getKey(), output);
      output.append(": ");
      represent(entry.getValue(), output);
      between = ", ";
    }
    output.append("}");
  }

  /** In single quotes, or in double quotes where it holds single ones alone. */
  private static void quote(String text, Output output) {
    String quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? "\"" : "'";
    output.append(quote);
    text.codePoints()
        .forEach(
            c -> {
              if (c == quote.charAt(0) || c == '\\') {
                output.append("\\").append(Character.toString(c));
              } else if (c == '\n') {
                output.append("\\n");
              } else if (c == '\r') {
                output.append("\\r");
              } else if (c == '\t') {
                output.append("\\t");
              } else if (c == ' ' || isPrintable(c)) {
                output.append(Character.toString(c));
              } else {
                String form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
                Budget.work(500);
                output.append(String.format(Locale.ROOT, form, c));
              }
            });
    output.append(quote);
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
