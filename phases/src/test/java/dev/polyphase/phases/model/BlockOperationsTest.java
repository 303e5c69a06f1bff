package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many operations a block's passes are, as libtorch's profiler counts them on the CPU: each is
 * a pass over memory, and on a GPU a launch.
 */
class BlockOperationsTest {
  private static final String OPERATION = "aten::";

  /** What makes views, sizes and empty arrays, or is made of other operations. */
  private static final Set<String> FREE =
      Set.of(
          "_local_scalar_dense",
          "_reshape_alias",
          "_unsafe_view",
          "alias",
          "as_strided",
          "chunk",
          "contiguous",
          "detach",
          "empty",
          "empty_like",
          "empty_strided",
          "expand",
          "expand_as",
          "flatten",
          "item",
          "lift_fresh",
          "narrow",
          "permute",
          "requires_grad_",
          "reshape",
          "resize_",
          "resolve_conj",
          "resolve_neg",
          "result_type",
          "select",
          "slice",
          "split",
          "split_with_sizes",
          "squeeze",
          "t",
          "to",
          "transpose",
          "type_as",
          "unflatten",
          "unsqueeze",
          "view");

  @TempDir Path folder;

  /**
   * Of a block that is all trained. The bounds are today's figures; they are there to be lowered.
   * In 16 bits conversions count, which a GPU makes within other operations.
   */
  @ParameterizedTest
  @CsvSource({
    "LLAMA, FLOAT32, 34, 52",
    "LLAMA, BFLOAT16, 51, 82",
    "QWEN3_NORMS, FLOAT32, 48, 70",
    "QWEN3_NORMS, BFLOAT16, 71, 108"
  })
  void areNoMoreThanTheyWere(Fixture fixture, Precision precision, int forwards, int backwards)
      throws IOException {
    Passes passes = passes(fixture.copyTo(folder), precision, name -> true, true);

    assertThat(passes.ofForward()).isBetween(1, forwards);
    assertThat(passes.ofBackward()).isBetween(1, backwards);
  }

  /** Of the lowest trained block whatever is not needed is left out. */
  @Test
  void whatIsNotWantedIsNeitherKeptNorComputed() throws IOException {
    Path llama = Fixture.LLAMA.copyTo(folder);
    Passes whole = passes(llama, Precision.FLOAT32, name -> true, false);
    Passes upper = passes(llama, Precision.FLOAT32, name -> name.contains("down_proj"), false);

    assertThat(whole.kept()).isGreaterThan(8);
    // An empty array that tells the input's device, and the product that down_proj is given.
    assertThat(upper.kept()).isEqualTo(2);
    // Its gradient, and zeros in the place of what it was added to.
    assertThat(upper.ofBackward()).isLessThan(4);
  }

  /**
   * What a block's passes were.
   *
   * @param kept arrays between them
   * @param ofForward operations
   * @param ofBackward operations
   */
  private record Passes(int kept, int ofForward, int ofBackward) {}

  private Passes passes(Path model, Precision precision, Predicate<String> trains, boolean ofInput)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(model);
    ModelConfig config = ConfigReader.read(checkpoint);
    ModelLayout layout = new ModelLayout(config);
    try (NDManager manager = Libtorch.newManager("cpu");
        TensorStore store = new TensorStore(manager);
        Uploads uploads = new Uploads(manager);
        Masters masters = new Masters(manager)) {
      ModelTensors tensors = new ModelTensors(masters);
      for (Parameter parameter : layout.parameters()) {
        String name = parameter.name();
        NDArray value =
            store.writable(manager, checkpoint.find(name).orElseThrow(), Precision.FLOAT32);
        if (trains.test(name)) {
          tensors.trained().enter(new TrainedTensor(name, 0, 1, new Master.Whole(value), value));
        } else {
          tensors.freeze(name, value);
        }
      }
      // Any numbers of the right width: one for each row of a matrix.
      String some = layout.prefix(0) + "self_attn.q_proj.weight";
      NDArray x =
          store.writable(manager, checkpoint.find(some).orElseThrow(), precision).expandDims(0);
      NDArray gy =
          store.writable(manager, checkpoint.find(some).orElseThrow(), precision).expandDims(0);
      int tokens = (int) x.getShape().get(1);
      TokenBatch batch = TokenBatch.of(List.of(RandomRows.whole(1, tokens)));
      Rope rope = config.blocks().get(0).attention().rope();
      Positions.OfPass positions =
          new Positions(manager, uploads, List.of(rope)).of(batch, manager);
      Gradients gradients = new Gradients(manager);
      try (Blocks blocks =
          new Blocks(
              layer -> manager, config, layout, tensors, Adapters.none(), it -> Activations.KEPT)) {
        JniUtils.startProfile(false, false, false);
        Trace trace =
            blocks.traced(0, x, null, positions, DropoutSeeds.NONE, null, ofInput, manager);
        int ofForward = stop();
        int kept = ((Trace.Graph) trace).kept().size();
        JniUtils.startProfile(false, false, false);
        blocks.backward(
            0, trace, positions, DropoutSeeds.NONE, gy, null, ofInput, gradients, manager);
        return new Passes(kept, ofForward, stop());
      }
    }
  }

  /** Ends the profile, and counts the operations that no other one was made of. */
  private int stop() throws IOException {
    Path trace = folder.resolve("trace.json");
    JniUtils.stopProfile(trace.toString());
    List<JsonNode> events = new ArrayList<>();
    for (JsonNode event : new ObjectMapper().readTree(trace.toFile())) {
      if (event.get("name").asText().startsWith(OPERATION)) {
        events.add(event);
      }
    }
    events.sort(
        Comparator.comparingInt((JsonNode event) -> event.get("tid").asInt())
            .thenComparingDouble(BlockOperationsTest::start));
    int operations = 0;
    for (int i = 0; i < events.size(); i++) {
      if (counts(events.get(i)) && !holdsOneThatCounts(events, i)) {
        operations++;
      }
    }
    return operations;
  }

  /** What began within an operation and on its thread is a part of it. */
  private static boolean holdsOneThatCounts(List<JsonNode> events, int operation) {
    JsonNode outer = events.get(operation);
    double end = start(outer) + outer.get("dur").asDouble();
    for (int i = operation + 1; i < events.size() && start(events.get(i)) < end; i++) {
      if (!events.get(i).get("tid").equals(outer.get("tid"))) {
        return false;
      }
      if (counts(events.get(i))) {
        return true;
      }
    }
    return false;
  }

  private static boolean counts(JsonNode event) {
    return !FREE.contains(event.get("name").asText().substring(OPERATION.length()));
  }

  private static double start(JsonNode event) {
    return event.get("ts").asDouble();
  }
}
