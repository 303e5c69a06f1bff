package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The type of mappings whose keys are not ours to know, as what a template is given. Their values
 * are truth values, numbers, texts, and lists and mappings of these.
 */
record AnyMapping() implements ValueType<Map<String, Object>> {
  @Override
  public List<Form> forms() {
    return List.of(new Form.AnyMapping());
  }

  @Override
  public String wanted() {
    return Block.WANTED;
  }

  @Override
  public boolean required() {
    return false;
  }

  @Override
  public Map<String, Object> read(
      String key, Node node, Block block, Supplier<Map<String, Object>> instead) {
    if (!(node instanceof Mapping mapping)) {
      block.refuse(node, wanted());
      return instead.get();
    }
    return values(mapping, block);
  }

  private static Map<String, Object> values(Mapping mapping, Block block) {
    Map<String, Object> values = new LinkedHashMap<>();
    mapping.entries().forEach((name, entry) -> values.put(name, value(entry.value(), block)));
    return values;
  }

  private static Object value(Node node, Block block) {
    if (node instanceof Mapping mapping) {
      return values(mapping, block);
    }
    if (node instanceof Sequence list) {
      return list.items().stream().map(item -> value(item, block)).toList();
    }
    Scalar scalar = (Scalar) node;
    if (scalar.isNull()) {
      block.refuse(node, "a value");
    }
    return scalar
        .bool()
        .<Object>map(flag -> flag)
        .or(() -> scalar.number().map(AnyMapping::number))
        .orElse(scalar.text());
  }

  /** Whole numbers stay whole. */
  private static Number number(BigDecimal number) {
    boolean whole = number.scale() <= 0 && number.precision() - number.scale() < 18;
    if (whole) {
      return number.longValueExact();
    }
    return number.doubleValue();
  }

  @Override
  public Map<String, Object> standIn() {
    return Map.of();
  }

  @Override
  public @Nullable Object write(Map<String, Object> value) {
    return value.isEmpty() ? null : value;
  }
}
