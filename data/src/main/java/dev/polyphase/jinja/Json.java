package dev.polyphase.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.weights.PythonFloat;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values from JSON and to it, as Python's {@code json.dumps} writes it.
 *
 * @param asciiOnly whether all other characters are escaped
 * @param indent what a level is indented by; null for one line
 * @param itemSeparator between elements
 * @param keySeparator between a key and its value
 * @param sortKeys whether the keys of dicts are sorted
 */
record Json(
    boolean asciiOnly,
    @Nullable String indent,
    String itemSeparator,
    String keySeparator,
    boolean sortKeys) {

  private static final HexFormat HEX = HexFormat.of();

  /** The value of a JSON document. */
  static Value value(JsonNode node) {
    return switch (node.getNodeType()) {
      case NULL, MISSING -> Value.None.NONE;
      case BOOLEAN -> Value.bool(node.booleanValue());
      case STRING -> Value.text(node.textValue());
      case NUMBER ->
          node.isIntegralNumber()
              ? new Value.Whole(node.bigIntegerValue())
              : new Value.Real(node.doubleValue());
      case ARRAY -> {
        List<Value> items = new ArrayList<>();
        node.forEach(item -> items.add(value(item)));
        yield Value.list(items);
      }
      case OBJECT -> {
        Map<Value, Value> entries = new LinkedHashMap<>();
        node.properties()
            .forEach(entry -> entries.put(Value.text(entry.getKey()), value(entry.getValue())));
        yield new Value.Mapping(entries);
      }
      case BINARY, POJO -> throw new IllegalArgumentException(node.getNodeType().toString());
    };
  }

  /**
   * The JSON of a value.
   *
   * @throws Fault if it has none
   */
  String of(Value value) {
    Output output = new Output();
    write(value, "\n", output);
    return output.toString();
  }

  /** Writes a value; {@code newLine} is a line feed and the indentation of what surrounds it. */
  private void write(Value value, String newLine, Output output) {
    if (value instanceof Value.Mapping mapping) {
      writeMapping(mapping, newLine, output);
    } else if (value instanceof Value.Series series
        && (series.kind() == Value.Series.Kind.LIST || series.kind() == Value.Series.Kind.TUPLE)) {
      writeSeries(series.items(), newLine, output);
    } else if (value instanceof Value.Text text) {
      quote(text.value(), output);
    } else {
      output.append(scalar(value));
    }
  }

  private static String scalar(Value value) {
    if (value == Value.None.NONE) {
      return "null";
    }
    if (value instanceof Value.Bool bool) {
      return bool.truthy() ? "true" : "false";
    }
    if (value instanceof Value.Whole whole) {
      return Writing.whole(whole.value());
    }
    if (value instanceof Value.Real real) {
      return PythonFloat.toString(real.value());
    }
    throw value instanceof Value.Undefined undefined
        ? new Fault("what is undefined has no JSON: " + undefined.why())
        : new Fault("a " + value.typeName() + " has no JSON");
  }

  private void writeSeries(List<Value> items, String newLine, Output output) {
    if (items.isEmpty()) {
      output.append("[]");
      return;
    }
    String inner = indent == null ? "" : newLine + indent;
    output.append("[");
    for (Iterator<Value> each = items.iterator(); each.hasNext(); ) {
      output.append(inner);
      write(each.next(), inner, output);
      output.append(each.hasNext() ? itemSeparator : "");
    }
    output.append(indent == null ? "]" : newLine + "]");
  }

  private void writeMapping(Value.Mapping mapping, String newLine, Output output) {
    if (mapping.entries().isEmpty()) {
      output.append("{}");
      return;
    }
    List<Map.Entry<Value, Value>> entries = new ArrayList<>(mapping.entries().entrySet());
    if (sortKeys) {
      entries.sort((a, b) -> Comparison.compare(a.getKey(), b.getKey()));
    }
    String inner = indent == null ? "" : newLine + indent;
    output.append("{");
    for (Iterator<Map.Entry<Value, Value>> each = entries.iterator(); each.hasNext(); ) {
      Map.Entry<Value, Value> entry = each.next();
      String key =
          entry.getKey() instanceof Value.Text text ? text.value() : scalar(entry.getKey());
      output.append(inner);
      quote(key, output);
      output.append(keySeparator);
      write(entry.getValue(), inner, output);
      output.append(each.hasNext() ? itemSeparator : "");
    }
    output.append(indent == null ? "}" : newLine + "}");
  }

  private void quote(String text, Output output) {
    output.append("\"");
    int plain = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int simple = "\"\\\n\r\t\f\b".indexOf(c);
      boolean numbered = simple < 0 && (c < 0x20 || (asciiOnly && c > 0x7e));
      if (simple >= 0 || numbered) {
        output.append(text.substring(plain, i)).append("\\");
        output.append(
            numbered ? "u" + HEX.toHexDigits(c) : String.valueOf("\"\\nrtfb".charAt(simple)));
        plain = i + 1;
      }
    }
    output.append(text.substring(plain)).append("\"");
  }
}
