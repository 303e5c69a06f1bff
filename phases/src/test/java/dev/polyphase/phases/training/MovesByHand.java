package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.KeptGraph;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A phase that moves, by a second method: gradients of one graph over the whole model, and AdamW of
 * Loshchilov and Hutter 2019, algorithm 2, without decay, in plain Java. Moments stay with what
 * stays and begin with what enters.
 *
 * @param base the checkpoint to start from
 * @param scratch a folder that is overwritten
 * @param lengths of the rows that {@link SftRun#withRows} writes, one a step
 */
record MovesByHand(Path base, Path scratch, List<Integer> lengths) {
  private static final double RATE = 1e-3;

  /**
   * Holds what a phase saved to what its steps at {@link SftRun}'s rate give.
   *
   * @param sets what each step trains
   */
  void assertClose(Path moved, List<Set<String>> sets) throws IOException {
    Map<String, double[]> expected = train(sets);
    Checkpoint start = Checkpoint.open(base);
    for (TensorInfo tensor : Checkpoint.open(moved).tensors()) {
      double[] values =
          expected.containsKey(tensor.name())
              ? expected.get(tensor.name())
              : doubles(TensorValues.floats(start.find(tensor.name()).orElseThrow()));
      float[] found = TensorValues.floats(tensor);
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i])
            .as("%s[%d]", tensor.name(), i)
            .isCloseTo(values[i], within(1e-5));
      }
    }
  }

  /** The values of what was trained at any time. */
  private Map<String, double[]> train(List<Set<String>> sets) throws IOException {
    Checkpoint start = Checkpoint.open(base);
    Map<String, Trained> trained = new HashMap<>();
    for (int step = 0; step < sets.size(); step++) {
      Checkpoint now =
          HandMadeTensors.ofFloats(
                  start,
                  (name, values) -> {
                    if (trained.containsKey(name)) {
                      trained.get(name).copyTo(values);
                    }
                  })
              .writeTo(scratch);
      Map<String, float[]> gradients =
          KeptGraph.gradients(
              now, ConfigReader.read(Checkpoint.open(base)), sets.get(step), row(step));
      for (String name : sets.get(step)) {
        if (!trained.containsKey(name)) {
          trained.put(name, new Trained(TensorValues.floats(start.find(name).orElseThrow())));
        }
        trained.get(name).update(gradients.get(name));
      }
    }
    Map<String, double[]> values = new HashMap<>();
    trained.forEach((name, one) -> values.put(name, one.values));
    return values;
  }

  private TokenBatch row(int number) {
    int length = lengths.get(number);
    int[] ids = new Random(number).ints(length, 0, 256).toArray();
    int[] positions = IntStream.range(length / 3 - 1, length - 1).toArray();
    int[] targets = Arrays.stream(positions).map(position -> ids[position + 1]).toArray();
    return new TokenBatch(ids, 1, length, length, positions, targets);
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  private static final class Trained {
    private final double[] values;
    private final double[] first;
    private final double[] second;
    private int steps;

    Trained(float[] start) {
      values = doubles(start);
      first = new double[start.length];
      second = new double[start.length];
    }

    void copyTo(float[] tensor) {
      for (int i = 0; i < tensor.length; i++) {
        tensor[i] = (float) values[i];
      }
    }

    void update(float[] gradient) {
      steps++;
      for (int i = 0; i < values.length; i++) {
        first[i] = 0.9 * first[i] + 0.1 * gradient[i];
        second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
        double mean = first[i] / (1 - Math.pow(0.9, steps));
        double square = second[i] / (1 - Math.pow(0.999, steps));
        values[i] -= RATE * mean / (Math.sqrt(square) + 1e-8);
      }
    }
  }
}
