package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gradients by libtorch's autograd over the whole model at once: the second method. */
public final class KeptGraph {
  private KeptGraph() {}

  /** The gradient of the mean loss with respect to each trained tensor, float32. */
  public static Map<String, float[]> gradients(
      Checkpoint checkpoint, ModelConfig config, Set<String> trained, TokenBatch batch)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    Map<String, Object> eps = Map.of("rms_norm_eps", config.norm().eps());
    try (NDManager manager = Libtorch.newManager("cpu");
        TensorStore store = new TensorStore(manager);
        Kernel graph = Kernel.load(manager, KeptGraph.class, "graph.py", eps)) {
      ModelTensors tensors = new ModelTensors();
      Map<String, NDArray> leaves = new LinkedHashMap<>();
      for (Parameter parameter : layout.parameters()) {
        String name = parameter.name();
        NDArray value =
            store.writable(manager, checkpoint.find(name).orElseThrow(), Precision.FLOAT32);
        if (trained.contains(name)) {
          value = graph.method("leaf").with(value).runWithAutograd(manager).get(0);
          leaves.put(name, value);
        }
        tensors.freeze(name, value);
      }
      try (Blocks blocks =
          new Blocks(
              layer -> manager, config, layout, tensors, Adapters.none(), Activations.RECOMPUTED)) {
        NDArray loss = loss(manager, config, layout, tensors, blocks, graph, batch);
        NDList found =
            graph
                .method("gradients")
                .with(loss)
                .withList("leaves", List.copyOf(leaves.values()))
                .runWithAutograd(manager);
        Map<String, float[]> gradients = new LinkedHashMap<>();
        int i = 0;
        for (String name : leaves.keySet()) {
          gradients.put(name, found.get(i++).toFloatArray());
        }
        return gradients;
      }
    }
  }

  private static NDArray loss(
      NDManager manager,
      ModelConfig config,
      ModelLayout layout,
      ModelTensors tensors,
      Blocks blocks,
      Kernel graph,
      TokenBatch batch) {
    List<Rope> ropes = config.blocks().stream().map(block -> block.attention().rope()).toList();
    long[] ids = Arrays.stream(batch.ids()).asLongStream().toArray();
    NDArray x =
        graph
            .method("embed")
            .with(tensors.get(TextNames.PLAIN.embeddings()))
            .with(manager.create(ids, new Shape(batch.batch(), batch.seq())))
            .runWithAutograd(manager)
            .get(0);
    try (Uploads uploads = new Uploads(manager)) {
      Positions.OfPass positions = new Positions(manager, uploads, ropes).of(batch, manager);
      for (int layer = 0; layer < blocks.count(); layer++) {
        x =
            blocks
                .call("forward", layer, x, positions, DropoutSeeds.NONE)
                .runWithAutograd(manager)
                .get(0);
      }
    }
    long[] targets = new long[ids.length];
    Arrays.fill(targets, -100);
    for (int i = 0; i < batch.lossTokens(); i++) {
      targets[batch.targetPositions()[i]] = batch.targets()[i];
    }
    return graph
        .method("loss")
        .with(x)
        .with(tensors.get("model.norm.weight"))
        .with(tensors.get(layout.head()))
        .with(manager.create(targets))
        .runWithAutograd(manager)
        .get(0);
  }
}
