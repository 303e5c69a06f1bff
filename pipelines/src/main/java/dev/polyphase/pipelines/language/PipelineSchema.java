package dev.polyphase.pipelines.language;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.language.Key.Form;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/**
 * The JSON Schema (draft 2020-12) of pipeline files, for editors.
 *
 * <p>It is made from what the readers ask for: they are given a pipeline that opens every block. A
 * schema can't say everything; what it refuses is wrong, and rules between keys are left to {@code
 * validate}. Since a phase inherits from {@code defaults}, only what can't be inherited is required
 * of it.
 */
public final class PipelineSchema {
  private static final String EVERY_BLOCK =
      """
      base_model: BASE_MODEL
      device: DEVICE
      defaults: &settings
        targeting: {method: METHOD}
        datasets: [{}]
        eval_datasets: [{}]
        lr_by_snr: {}
        dpo: {}
        adapter: {type: lora}
      phases:
        - <<: *settings
          type: dpo
      """;

  /** Editors take 1_000 for a text. */
  private static final String NUMBER_WITH_UNDERSCORES = "^[0-9]+(_[0-9]+)+(\\.[0-9]+)?$";

  private static final String PHASE = "#/$defs/phase/properties/";

  /** Of its forms, a word and a mapping, the second. */
  private static final String ADAPTER = PHASE + "adapter/anyOf/1/properties/";

  private final Properties meanings = meanings();
  private final Map<String, Key> pipeline =
      Key.merge(keys("model", "auto", "snr"), keys("{}", "[auto]", "parameters"));
  private final Map<String, Key> phase = ((Form.Blocks) form("phases")).keys();
  private final Set<String> inheritable = ((Form.Block) form("defaults")).keys().keySet();

  private PipelineSchema() {}

  /** The schema's text. */
  public static String json() {
    ObjectNode schema = new PipelineSchema().schema();
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

  private static Map<String, Key> keys(String baseModel, String device, String method) {
    String yaml =
        EVERY_BLOCK
            .replace("BASE_MODEL", baseModel)
            .replace("DEVICE", device)
            .replace("METHOD", method);
    return Block.keysOf(
        YamlTree.ofFile(yaml, "every block", new Problems()), PipelineReader::pipeline);
  }

  private Form form(String key) {
    return requireNonNull(pipeline.get(key)).forms().get(0);
  }

  private ObjectNode schema() {
    ObjectNode schema = JsonNodeFactory.instance.objectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "A Polyphase pipeline");
    schema.put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    pipeline.forEach(
        (name, key) -> {
          switch (name) {
            case "defaults" -> properties.set(name, defaults());
            case "phases" -> properties.set(name, phases(key));
            default -> properties.set(name, property(name, key, !key.required()));
          }
        });
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

  private ObjectNode defaults() {
    ObjectNode defaults = described("defaults");
    defaults.putArray("type").add("object").add("null");
    ObjectNode properties = defaults.putObject("properties");
    for (String name : inheritable) {
      properties.putObject(name).put("$ref", PHASE + name);
    }
    addSpellings(properties, Spellings.OF_PHASE, PHASE);
    addSpellings(properties, Spellings.OF_ADAPTER, ADAPTER);
    defaults.put("additionalProperties", false);
    return defaults;
  }

  private ObjectNode phases(Key key) {
    ObjectNode phases = described("phases");
    phases.put("type", "array");
    phases.put("minItems", ((Form.Blocks) key.forms().get(0)).least());
    phases.putObject("items").put("$ref", "#/$defs/phase");
    return phases;
  }

  private ObjectNode phase() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("type", "object");
    ObjectNode properties = node.putObject("properties");
    ArrayNode required = JsonNodeFactory.instance.arrayNode();
    phase.forEach(
        (name, key) -> {
          boolean inherited = inheritable.contains(name);
          properties.set(name, property("phases[]." + name, key, inherited));
          if (key.required() && !inherited) {
            required.add(name);
          }
        });
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
   * @param nullable whether it may hold nothing, as if it were absent
   */
  private ObjectNode property(String path, Key key, boolean nullable) {
    ObjectNode node = described(path);
    List<Form> forms = key.forms();
    if (forms.size() == 1) {
      node.setAll(of(forms.get(0), path, nullable));
    } else {
      ArrayNode anyOf = node.putArray("anyOf");
      forms.forEach(form -> anyOf.add(of(form, path, false)));
      if (nullable) {
        anyOf.addObject().put("type", "null");
      }
    }
    Object absent = key.absent();
    if (absent != null) {
      node.set("default", defaultOf(absent));
    }
    return node;
  }

  private ObjectNode of(Form form, String path, boolean nullable) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    ArrayNode types = JsonNodeFactory.instance.arrayNode();
    if (form instanceof Form.Text text) {
      types.add("string").add("number");
      addText(node, text.wording());
    } else if (form instanceof Form.Texts texts) {
      types.add("array");
      ObjectNode items = node.putObject("items");
      items.putArray("type").add("string").add("number");
      addText(items, texts.wording());
      addMinItems(node, texts.least());
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
      addKeys(node, path + ".", block.keys(), path.startsWith("phases[]."));
    } else if (form instanceof Form.Blocks blocks) {
      types.add("array");
      ObjectNode items = node.putObject("items").put("type", "object");
      addKeys(items, path + "[].", blocks.keys(), false);
      addMinItems(node, blocks.least());
    }
    if (nullable) {
      types.add("null");
    }
    ObjectNode typed = JsonNodeFactory.instance.objectNode();
    typed.set("type", types.size() == 1 ? types.get(0) : types);
    return typed.setAll(node);
  }

  private void addKeys(ObjectNode node, String path, Map<String, Key> keys, boolean inherited) {
    ObjectNode properties = node.putObject("properties");
    ArrayNode required = JsonNodeFactory.instance.arrayNode();
    keys.forEach(
        (name, key) -> {
          boolean needed = key.required() && !inherited;
          properties.set(name, property(path + name, key, !needed));
          if (needed) {
            required.add(name);
          }
        });
    node.put("additionalProperties", false);
    if (!required.isEmpty()) {
      node.set("required", required);
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

  private static JsonNode defaultOf(Object absent) {
    return absent instanceof Double number
        ? number(number)
        : new ObjectMapper().valueToTree(absent);
  }

  /** Whole numbers without a fraction, as a person writes them. */
  private static JsonNode number(double value) {
    boolean whole = value == Math.rint(value);
    return whole
        ? JsonNodeFactory.instance.numberNode((long) value)
        : JsonNodeFactory.instance.numberNode(value);
  }

  private ObjectNode described(String path) {
    // Held-out rows are named as the others are.
    String meaning = meanings.getProperty(path.replace("eval_datasets[].", "datasets[]."));
    if (meaning == null) {
      throw new IllegalStateException("keys.properties has no meaning of " + path);
    }
    return JsonNodeFactory.instance.objectNode().put("description", meaning);
  }

  /** What each key means, by its path. */
  static Properties meanings() {
    Properties meanings = new Properties();
    try (InputStream in = PipelineSchema.class.getResourceAsStream("keys.properties")) {
      meanings.load(new InputStreamReader(requireNonNull(in), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return meanings;
  }
}
