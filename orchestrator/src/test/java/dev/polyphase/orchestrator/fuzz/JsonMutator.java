package dev.polyphase.orchestrator.fuzz;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Changes JSON where its structure is: values, keys and elements. What no tree can hold, as a key
 * that stands twice or a number that is none, is put into the text afterwards.
 */
final class JsonMutator {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .build();

  /** How often a walk into the tree stops where it is. */
  private static final double STOP = 0.3;

  private final Random random;
  private final List<String> raw = new ArrayList<>();
  private final List<String> done = new ArrayList<>();

  private JsonMutator(Random random) {
    this.random = random;
  }

  /** Changes a text of JSON in one place or in a few. */
  static Mutant mutate(String text, Random random) {
    try {
      return mutate(JSON.readTree(text), random);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** The same of a tree, which is written as JSON. */
  static Mutant mutate(JsonNode tree, Random random) {
    JsonMutator mutator = new JsonMutator(random);
    JsonNode changed = tree;
    int changes = random.nextInt(10) < 7 ? 1 : 2 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      changed = mutator.change(changed);
    }
    return Mutant.of(String.join("; ", mutator.done), mutator.text(changed));
  }

  private JsonNode change(JsonNode root) {
    ContainerNode<?> parent = null;
    JsonNode node = root;
    StringBuilder path = new StringBuilder();
    while (node instanceof ContainerNode<?> container && !node.isEmpty()) {
      if (parent != null && random.nextDouble() < STOP) {
        break;
      }
      parent = container;
      int index = random.nextInt(container.size());
      if (container instanceof ObjectNode object) {
        String key = key(object, index);
        path.append('/').append(key);
        node = object.path(key);
      } else {
        path.append('/').append(index);
        node = container.get(index);
      }
    }
    if (parent == null) {
      done.add("all replaced");
      return odd(node);
    }
    String name = path.substring(path.lastIndexOf("/") + 1);
    if (parent instanceof ObjectNode object) {
      change(object, name, path.toString());
    } else if (parent instanceof ArrayNode array) {
      change(array, Integer.parseInt(name), path.toString());
    }
    return root;
  }

  private void change(ObjectNode object, String key, String path) {
    JsonNode value = object.path(key);
    switch (random.nextInt(10)) {
      case 0 -> {
        object.remove(key);
        done.add(path + " removed");
      }
      case 1 -> {
        object.remove(key);
        String other =
            OddValues.one(
                List.of("", "x", key + "_", key.toUpperCase(Locale.ROOT), "a\u001b[1m\n"), random);
        object.set(other, value);
        done.add(path + " renamed to '" + other + "'");
      }
      case 2 -> {
        object.set(mark("\"" + new String(quoted(key)) + "\""), odd(value));
        done.add(path + " twice");
      }
      case 3 -> {
        String other = key(object, random.nextInt(object.size()));
        JsonNode others = object.path(other);
        object.set(other, value);
        object.set(key, others);
        done.add(path + " swapped with " + other);
      }
      default -> {
        JsonNode odd = odd(value);
        object.set(key, odd);
        done.add(path + " = " + shown(odd));
      }
    }
  }

  private void change(ArrayNode array, int index, String path) {
    JsonNode value = array.get(index);
    switch (random.nextInt(8)) {
      case 0 -> {
        array.remove(index);
        done.add(path + " removed");
      }
      case 1 -> {
        array.insert(index, value.deepCopy());
        done.add(path + " twice");
      }
      case 2 -> {
        int other = random.nextInt(array.size());
        array.set(index, array.get(other));
        array.set(other, value);
        done.add(path + " swapped with " + other);
      }
      default -> {
        JsonNode odd = odd(value);
        array.set(index, odd);
        done.add(path + " = " + shown(odd));
      }
    }
  }

  /** A value in place of another: often near to it, else of any kind. */
  private JsonNode odd(JsonNode value) {
    if (value.isNumber() && random.nextInt(3) > 0) {
      double number = value.asDouble();
      return switch (random.nextInt(4)) {
        case 0 -> new TextNode(value.asText());
        case 1 -> JSON.getNodeFactory().numberNode(value.asLong() + random.nextInt(5) - 2);
        case 2 -> JSON.getNodeFactory().numberNode(-number);
        default -> new TextNode(mark(OddValues.one(OddValues.NUMBERS, random)));
      };
    }
    if (value.isTextual() && random.nextInt(4) == 0) {
      String text = value.textValue();
      int cut = random.nextInt(text.length() + 1);
      return new TextNode(text.substring(0, cut) + "\u0001\u202e" + text.substring(cut));
    }
    return new TextNode(mark(OddValues.any(random)));
  }

  /** A text that stands for what is put in its place, quotes included. */
  private String mark(String text) {
    raw.add(text);
    return "@raw-" + (raw.size() - 1) + "@";
  }

  private String text(JsonNode tree) {
    String text = written(tree);
    for (int i = 0; i < raw.size(); i++) {
      text = text.replace("\"@raw-" + i + "@\"", raw.get(i));
    }
    return text;
  }

  private String shown(JsonNode node) {
    return Mutant.shown(text(node));
  }

  private static String key(ObjectNode object, int index) {
    List<String> keys = new ArrayList<>();
    object.fieldNames().forEachRemaining(keys::add);
    return keys.get(index);
  }

  private static char[] quoted(String key) {
    return JsonStringEncoder.getInstance().quoteAsString(key);
  }

  private static String written(JsonNode tree) {
    try {
      return JSON.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
