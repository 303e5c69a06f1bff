package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The file {@code learning_rates.json}: by what each module's learning rate is multiplied. */
public final class LearningRatesFile {
  private LearningRatesFile() {}

  /** The factors by module that the file of a decision says; empty where it says none. */
  public static Optional<Map<String, Double>> read(DecisionFolder folder) throws IOException {
    Path file = folder.learningRatesJson();
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    Map<String, Double> factors = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, JsonNode> factor :
          new ObjectMapper().readTree(Files.readAllBytes(file)).path("factors").properties()) {
        factors.put(factor.getKey(), factor.getValue().doubleValue());
      }
    } catch (JsonProcessingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return factors.isEmpty() ? Optional.empty() : Optional.of(factors);
  }

  /**
   * Writes the file of a decision.
   *
   * @param factors by module, in the order of writing
   */
  public static void write(DecisionFolder folder, LrBySnr rule, Map<String, Double> factors)
      throws IOException {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("scale", rule.scale().name().toLowerCase(Locale.ROOT));
    file.put("min", rule.min());
    file.put("max", rule.max());
    ObjectNode modules = file.putObject("factors");
    factors.forEach(modules::put);
    AtomicFiles.writeString(
        folder.learningRatesJson(),
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(file) + "\n");
  }
}
