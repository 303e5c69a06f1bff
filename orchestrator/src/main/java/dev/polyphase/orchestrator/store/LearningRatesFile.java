package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;

/** The file {@code learning_rates.json}: by what each module's learning rate is multiplied. */
public final class LearningRatesFile {
  private LearningRatesFile() {}

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
