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

  /**
   * The value of a JSON document, which remembers where it comes from. The name of an entry comes
   * from the mapping that has it.
   */
  static Value value(JsonNode node, Source source) {
    return switch (node.getNodeType()) {
      case NULL, MISSING -> new Value.None(source);
      case BOOLEAN -> new Value.Bool(node.booleanValue(), source);
      case STRING -> new Value.Text(node.textValue(), source);
      case NUMBER ->
          node.isIntegralNumber()
              ? new Value.Whole(node.bigIntegerValue(), source)
              : new Value.Real(node.doubleValue(), source);
      case ARRAY -> {
        List<Value> items = new ArrayList<>(node.size());
        for (JsonNode item : node) {
          items.add(value(item, source.element(items.size())));
        }
        yield new Value.Series(Value.Series.Kind.LIST, List.copyOf(items), source);
      }
      case OBJECT -> {
        Map<Value, Value> entries = new LinkedHashMap<>();
        node.properties()
            .forEach(
                entry ->
                    entries.put(
                        new Value.Text(entry.getKey(), source),
                        value(entry.getValue(), source.entry(entry.getKey()))));
        yield new Value.Mapping(entries, source);
      }
      case BINARY, POJO -> throw new IllegalArgumentException(node.getNodeType().toString());
    };
  }

  /**
   * The JSON of a value.
   *
   * @throws Fault if it has none
   */
  Value.Text of(Value value) {
    Output output = new Output();
    write(value, "\n", output);
    return output.toText();
  }

  /** Writes a value; {@code newLine} is a line feed and the indentation of what surrounds it. */
  private void write(Value value, String newLine, Output output) {
    @Nullable Source outer = output.from(value.source());
    if (value instanceof Value.Mapping mapping) {
      writeMapping(mapping, newLine, output);
    } else if (value instanceof Value.Series series
        && (series.kind() == Value.Series.Kind.LIST || series.kind() == Value.Series.Kind.TUPLE)) {
      writeSeries(series.items(), newLine, output);
    } else if (value instanceof Value.Text text) {
      quote(text, output);
    } else {
      output.append(scalar(value));
    }
    output.backTo(outer);
  }

  private static String scalar(Value value) {
    if (value instanceof Value.None) {
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
    List<Map.Entry<Value, Value>> entries = new ArrayList<>(mapping.all().entrySet());
    if (sortKeys) {
      entries.sort((a, b) -> Comparison.compare(a.getKey(), b.getKey()));
    }
    String inner = indent == null ? "" : newLine + indent;
    output.append("{");
    for (Iterator<Map.Entry<Value, Value>> each = entries.iterator(); each.hasNext(); ) {
      Map.Entry<Value, Value> entry = each.next();
      Value.Text key =
          entry.getKey() instanceof Value.Text text ? text : Value.text(scalar(entry.getKey()));
      output.append(inner);
      quote(key, output);
      output.append(keySeparator);
      write(entry.getValue(), inner, output);
      output.append(each.hasNext() ? itemSeparator : "");
    }
    output.append(indent == null ? "}" : newLine + "}");
  }

  private void quote(Value.Text quoted, Output output) {
    String text = quoted.value();
    output.append("\"");
    int plain = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int simple = "\"\\\n\r\t\f\b".indexOf(c);
      boolean numbered = simple < 0 && (c < 0x20 || (asciiOnly && c > 0x7e));
      if (simple >= 0 || numbered) {
        String escape = numbered ? "u" + HEX.toHexDigits(c) : "" + "\"\\nrtfb".charAt(simple);
        output.append(quoted, plain, i).append("\\" + escape, quoted, i, i + 1);
        plain = i + 1;
      }
    }
    output.append(quoted, plain, text.length()).append("\"");
  }
}
