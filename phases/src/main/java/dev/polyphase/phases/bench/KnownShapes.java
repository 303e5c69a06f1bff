package dev.polyphase.phases.bench;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The models that a benchmark can be like, by name: of published ones what their {@code
 * config.json} says of the model's shape. They are in {@code shapes.json}.
 */
public final class KnownShapes {
  /** The one that is none of a published model, of a size for any machine. */
  public static final String DEFAULT = "small";

  private static final String LAYERS = "num_hidden_layers";
  private static final ObjectNode SHAPES = read();

  private KnownShapes() {}

  /** The names, smaller and older models first. */
  public static List<String> names() {
    List<String> names = new ArrayList<>();
    SHAPES.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /**
   * A shape.
   *
   * @param layers how many layers it has; those of the model where it is empty
   * @param sequence tokens of a row
   * @param batch rows of a step
   * @return empty where there is none of this name
   */
  public static Optional<DecoderShape> named(
      String name, OptionalInt layers, int sequence, int batch) {
    if (!(SHAPES.get(name) instanceof ObjectNode known)) {
      return Optional.empty();
    }
    ObjectNode config = known.deepCopy();
    layers.ifPresent(count -> cut(config, count));
    return Optional.of(DecoderShape.of(config.toString(), sequence, batch));
  }

  /** Gives a model another number of layers; what differs by layer goes on as it began. */
  private static void cut(ObjectNode config, int layers) {
    int ofModel = config.path(LAYERS).intValue();
    for (Map.Entry<String, JsonNode> key : config.properties()) {
      if (key.getValue() instanceof ArrayNode ofLayers && ofLayers.size() == ofModel) {
        ArrayNode others = config.arrayNode();
        for (int layer = 0; layer < layers; layer++) {
          others.add(ofLayers.get(layer % ofModel));
        }
        key.setValue(others);
      }
    }
    config.put(LAYERS, layers);
  }

  private static ObjectNode read() {
    try (InputStream in = KnownShapes.class.getResourceAsStream("shapes.json")) {
      return (ObjectNode) new ObjectMapper().readTree(requireNonNull(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
