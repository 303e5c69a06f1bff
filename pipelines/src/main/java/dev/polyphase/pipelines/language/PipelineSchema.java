package dev.polyphase.pipelines.language;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The JSON Schema (draft 2020-12) of pipeline files, for editors.
 *
 * <p>It is made of the keys that records declare. A schema can't say everything; what it refuses is
 * wrong, and rules between keys are left to {@code validate}. Since a phase inherits from {@code
 * defaults}, only what can't be inherited is required of it.
 */
public final class PipelineSchema {
  /** Editors take 1_000 for a text. */
  private static final String NUMBER_WITH_UNDERSCORES = "^[0-9]+(_[0-9]+)+(\\.[0-9]+)?$";

  private static final String PHASE = "#/$defs/phase/properties/";

  /** Of its forms, a word and a mapping, the second. */
  private static final String ADAPTER = PHASE + "adapter/anyOf/1/properties/";

  private PipelineSchema() {}

  /** The schema's text. */
  public static String json() {
    ObjectNode schema = schema();
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER));
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try {
      return new ObjectMapper().writer(printer).writeValueAsString(schema) + "\n";
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode schema() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "A Polyphase pipeline");
    schema.put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    for (DeclaredKey<?> key : PipelineFile.SHAPE.keys()) {
      properties.set(
          key.name(),
          switch (key.name()) {
            case "defaults" -> defaults(key);
            case "engine" -> described(key).put("$ref", PHASE + "engine");
            case "phases" -> phases(key);
            default -> property(key, false);
          });
    }
    addSpellings(properties, Spellings.OF_PIPELINE, "#/properties/");
    schema.put("additionalProperties", false);
    schema.putArray("required").add("name").add("phases");
    ArrayNode baseModel = schema.putArray("anyOf");
    baseModel.addObject().putArray("required").add("base_model");
    Spellings.OF_PIPELINE.forEach(
        (other, ours) -> baseModel.addObject().putArray("required").add(other));

    schema.putObject("$defs").set("phase", phase());
    return schema;
  }

  private static ObjectNode defaults(DeclaredKey<?> key) {
    ObjectNode defaults = described(key);
    defaults.putArray("type").add("object").add("null");
    ObjectNode properties = defaults.putObject("properties");
    for (DeclaredKey<?> within : Form.keysIn(key.forms().get(0))) {
      properties.putObject(within.name()).put("$ref", PHASE + within.name());
    }
    addSpellings(properties, Spellings.OF_PHASE, PHASE);
    addSpellings(properties, Spellings.OF_ADAPTER, ADAPTER);
    defaults.put("additionalProperties", false);
    return defaults;
  }

  private static ObjectNode phases(DeclaredKey<?> key) {
    ObjectNode phases = described(key);
    phases.put("type", "array");
    phases.put("minItems", key.key().items());
    phases.putObject("items").put("$ref", "#/$defs/phase");
    return phases;
  }

  private static ObjectNode phase() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("type", "object");
    ObjectNode properties = node.putObject("properties");
    ArrayNode required = JsonNodeFactory.instance.arrayNode();
    for (DeclaredKey<?> key : Shape.of(Phase.class).keys()) {
      properties.set(key.name(), property(key, key.key().inherited()));
      if (key.required() && !key.key().inherited()) {
        required.add(key.name());
      }
    }
    addSpellings(properties, Spellings.OF_PHASE, PHASE);
    addSpellings(properties, Spellings.OF_ADAPTER, ADAPTER);
    node.put("additionalProperties", false);
    node.set("required", required);
    return node;
  }

  private static void addSpellings(
      ObjectNode properties, Map<String, String> spellings, String place) {
    new TreeMap<>(spellings)
        .forEach(
            (other, own) ->
                properties
                    .putObject(other)
                    .put("description", "another spelling of `" + inWords(place + own) + "`")
                    .put("deprecated", true)
                    .put("$ref", place + own));
  }

  /** A key within a phase or a pipeline, as a person writes it. */
  private static String inWords(String place) {
    return place.replace(ADAPTER, "adapter.").replace(PHASE, "").replace("#/properties/", "");
  }

  /**
   * One key.
   *
   * @param inherited whether it may come from elsewhere, and so need not be there
   */
  private static ObjectNode property(DeclaredKey<?> key, boolean inherited) {
    ObjectNode node = described(key);
    boolean nullable = inherited || !key.required(); // as if it were absent
    List<Form> forms = key.forms();
    if (forms.size() == 1) {
      node.setAll(of(forms.get(0), inherited, nullable));
    } else {
      ArrayNode anyOf = node.putArray("anyOf");
      forms.forEach(form -> anyOf.add(of(form, inherited, false)));
      if (nullable) {
        anyOf.addObject().put("type", "null");
      }
    }
    key.absent().ifPresent(absent -> node.set("default", json(absent)));
    return node;
  }

  private static ObjectNode of(Form form, boolean inherited, boolean nullable) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    ArrayNode types = JsonNodeFactory.instance.arrayNode();
    if (form instanceof Form.Text text) {
      types.add("string").add("number");
      addText(node, text.wording());
    } else if (form instanceof Form.Many many) {
      types.add("array");
      node.set("items", of(many.entry(), inherited, false));
      addMinItems(node, many.least());
      if (many.once()) {
        node.put("uniqueItems", true);
      }
    } else if (form instanceof Form.Decimal number) {
      types.add("number").add("string");
      addRange(node, number.range());
      node.put("pattern", NUMBER_WITH_UNDERSCORES);
    } else if (form instanceof Form.Whole whole) {
      types.add("integer").add("string");
      node.put("minimum", whole.least());
      node.put("maximum", whole.most());
      node.put("pattern", NUMBER_WITH_UNDERSCORES);
    } else if (form instanceof Form.Flag) {
      types.add("boolean");
    } else if (form instanceof Form.Choice choice) {
      ArrayNode words = node.putArray("enum");
      choice.words().forEach(words::add);
      if (nullable) {
        words.addNull();
      }
      return node;
    } else if (form instanceof Form.Block block) {
      types.add("object");
      addKeys(node, block.keys(), inherited);
    } else if (form instanceof Form.AnyMapping) {
      types.add("object");
    } else if (form instanceof Form.Blocks blocks) {
      types.add("array");
      ObjectNode items = node.putObject("items").put("type", "object");
      addKeys(items, blocks.keys(), false);
      addMinItems(node, blocks.least());
    }
    if (nullable) {
      types.add("null");
    }
    ObjectNode typed = JsonNodeFactory.instance.objectNode();
    typed.set("type", types.size() == 1 ? types.get(0) : types);
    return typed.setAll(node);
  }

  private static void addKeys(ObjectNode node, List<DeclaredKey<?>> keys, boolean inherited) {
    ObjectNode properties = node.putObject("properties");
    ArrayNode required = JsonNodeFactory.instance.arrayNode();
    for (DeclaredKey<?> key : keys) {
      properties.set(key.name(), property(key, inherited));
      if (key.required() && !inherited) {
        required.add(key.name());
      }
    }
    for (DeclaredKey<?> key : keys) {
      addSpellingsWithin(properties, key, inherited);
    }
    node.put("additionalProperties", false);
    if (!required.isEmpty()) {
      node.set("required", required);
    }
  }

  /** Other spellings that stand in the same mapping as the key. */
  private static void addSpellingsWithin(
      ObjectNode properties, DeclaredKey<?> key, boolean inherited) {
    for (String other : key.key().also()) {
      if (!other.startsWith("../")) {
        ObjectNode same = property(key, inherited);
        same.remove("default");
        properties.set(
            other,
            same.put("description", "another spelling of `" + key.name() + "`")
                .put("deprecated", true));
      }
    }
  }

  private static void addText(ObjectNode node, Wording wording) {
    node.put("minLength", 1);
    if (!wording.isAny()) {
      node.put("pattern", "^(?:" + wording.pattern().pattern() + ")$");
    }
  }

  private static void addMinItems(ObjectNode node, int least) {
    if (least > 0) {
      node.put("minItems", least);
    }
  }

  private static void addRange(ObjectNode node, Range range) {
    node.set(range.leastItself() ? "minimum" : "exclusiveMinimum", number(range.least()));
    node.set(range.mostItself() ? "maximum" : "exclusiveMaximum", number(range.most()));
  }

  private static JsonNode json(Node node) {
    JsonNodeFactory factory = JsonNodeFactory.instance;
    if (node instanceof Sequence list) {
      ArrayNode array = factory.arrayNode();
      list.items().forEach(item -> array.add(json(item)));
      return array;
    }
    Scalar scalar = (Scalar) node;
    return scalar
        .bool()
        .<JsonNode>map(factory::booleanNode)
        .or(() -> scalar.number().map(number -> number(number.doubleValue())))
        .orElseGet(() -> factory.textNode(scalar.text()));
  }

  /** Whole numbers without a fraction, as a person writes them. */
  private static JsonNode number(double value) {
    boolean whole = value == Math.rint(value);
    return whole
        ? JsonNodeFactory.instance.numberNode((long) value)
        : JsonNodeFactory.instance.numberNode(value);
  }

  private static ObjectNode described(DeclaredKey<?> key) {
    return JsonNodeFactory.instance.objectNode().put("description", key.key().means());
  }
}
