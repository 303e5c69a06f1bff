package dev.polyphase.phases.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.data.Example;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;

/** The batches of the golden figures. */
final class GoldenBatches {
  private GoldenBatches() {}

  static TokenBatch sft(JsonNode golden) {
    return TokenBatch.of(examples(golden));
  }

  static List<Example> examples(JsonNode golden) {
    List<Example> rows = new ArrayList<>();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.add(
          new Example(
              ints(golden.path("input_ids").path(i)),
              ints(golden.path("sft").path("labels").path(i))));
    }
    return rows;
  }

  /** The gradient of the mean of the negative log-probabilities. */
  static float[] meanLoss(float[] logProbs) {
    float[] gradient = new float[logProbs.length];
    Arrays.fill(gradient, -1f / logProbs.length);
    return gradient;
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
