package dev.polyphase.jinja;

import dev.polyphase.weights.PythonFloat;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as text: Python's {@code str} and {@code repr}. */
final class Writing {
  private Writing() {}

  /** Python's {@code str}: strings as they are, what is undefined as nothing. */
  static void write(Value value, Output output) {
    if (value instanceof Value.Text text) {
      output.append(text);
    } else if (!(value instanceof Value.Undefined)) {
      represent(value, output);
    }
  }

  /** Python's {@code str} as a value. */
  static Value.Text text(Value value) {
    if (value instanceof Value.Text text) {
      return text;
    }
    Output output = new Output();
    write(value, output);
    return output.toText();
  }

  /** Python's {@code str}. */
  static String string(Value value) {
    return text(value).value();
  }

  /**
   * Python's {@code repr}: strings in quotes.
   *
   * @throws Fault for what Python writes as an address in memory
   */
  static void represent(Value value, Output output) {
    @Nullable Source outer = output.from(value.source());
    if (value instanceof Value.None) {
      output.append("None");
    } else if (value instanceof Value.Bool bool) {
      output.append(bool.truthy() ? "True" : "False");
    } else if (value instanceof Value.Whole whole) {
      output.append(whole(whole.value()));
    } else if (value instanceof Value.Real real) {
      output.append(real(real.value()));
    } else if (value instanceof Value.Text text) {
      quote(text, output);
    } else if (value instanceof Value.Undefined) {
      output.append("Undefined");
    } else if (value instanceof Value.Mapping mapping) {
      mapping(mapping.all(), output);
    } else if (value instanceof Value.Series series && series.kind() == Value.Series.Kind.LIST) {
      series("[", series.items(), "]", output);
    } else if (value instanceof Value.Series series && series.kind() == Value.Series.Kind.TUPLE) {
      series("(", series.items(), series.items().size() == 1 ? ",)" : ")", output);
    } else {
      throw new Fault("a " + value.typeName() + " can't be written out; is |list missing?");
    }
    output.backTo(outer);
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
  private static void quote(Value.Text quoted, Output output) {
    String text = quoted.value();
    String quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? "\"" : "'";
    output.append(quote);
    int plain = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int next = i + Character.charCount(c);
      if (c == quote.charAt(0) || c == '\\' || (c != ' ' && !isPrintable(c))) {
        output.append(quoted, plain, i).append(escape(c), quoted, i, next);
        plain = next;
      }
      i = next;
    }
    output.append(quoted, plain, text.length()).append(quote);
  }

  private static String escape(int c) {
    int simple = "'\"\\\n\r\t".indexOf(c);
    if (simple >= 0) {
      return "\\" + "'\"\\nrt".charAt(simple);
    }
    String form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
    Budget.work(500);
    return String.format(Locale.ROOT, form, c);
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
