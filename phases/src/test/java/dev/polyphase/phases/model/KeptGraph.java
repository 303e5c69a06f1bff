package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gradients by libtorch's autograd over the whole model at once: the second method. */
public final class KeptGraph {
  private static final List<String> MAY_BE_MISSING =
      List.of("q_proj.bias", "k_proj.bias", "v_proj.bias", "q_norm.weight", "k_norm.weight");

  private KeptGraph() {}

  /** The gradient of the mean loss with respect to each trained tensor, float32. */
  public static Map<String, float[]> gradients(
      Checkpoint checkpoint, ModelConfig config, Set<String> trained, TokenBatch batch)
      throws IOException {
    ModelLayout layout = new ModelLayout(config);
    Map<String, Object> eps = Map.of("rms_norm_eps", config.norm().eps());
    try (NDManager manager = Libtorch.newManager("cpu");
        TensorStore store = new TensorStore(manager);
        Masters masters = new Masters(manager);
        Kernel graph = Kernel.load(manager, KeptGraph.class, "graph.py", eps)) {
      ModelTensors tensors = new ModelTensors(masters);
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
      NDArray loss = loss(manager, config, layout, tensors, graph, batch);
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

  private static NDArray loss(
      NDManager manager,
      ModelConfig config,
      ModelLayout layout,
      ModelTensors tensors,
      Kernel graph,
      TokenBatch batch) {
    long[] ids = Arrays.stream(batch.ids()).asLongStream().toArray();
    NDArray x =
        graph
            .method("embed")
            .with(tensors.get(TextNames.PLAIN.embeddings()))
            .with(manager.create(ids, new Shape(batch.batch(), batch.seq())))
            .runWithAutograd(manager)
            .get(0);
    for (int layer = 0; layer < config.numLayers(); layer++) {
      x = throughBlock(manager, config.blocks().get(layer), layout.block(layer), tensors, x);
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

  private static NDArray throughBlock(
      NDManager manager,
      DecoderBlock block,
      Map<String, Parameter> parameters,
      ModelTensors tensors,
      NDArray x) {
    Attention attention = block.attention();
    Map<String, Object> constants = new HashMap<>();
    for (String role : MAY_BE_MISSING) {
      constants.put(role, -1);
    }
    List<String> roles = List.copyOf(parameters.keySet());
    roles.forEach(role -> constants.put(role, roles.indexOf(role)));
    constants.put("head_dim", attention.heads().dim());
    constants.put("window", attention.window());
    constants.put("rms_norm_eps", block.norm().eps());
    String second = "graph_mlp.py";
    if (block.feedForward() instanceof Experts experts) {
      second = "graph_experts.py";
      constants.putAll(experts.constants());
      constants.put("router", roles.indexOf(experts.router() + ".weight"));
      constants.put(
          "table",
          experts.ofExperts().stream()
              .map(projection -> roles.indexOf(projection + ".weight"))
              .toList());
    }
    int seq = (int) x.getShape().get(1);
    double[] frequencies = ((Rope.Rotary) attention.rope()).frequencies(seq);
    float[] cos = new float[seq * frequencies.length];
    float[] sin = new float[cos.length];
    for (int i = 0; i < cos.length; i++) {
      int position = i / frequencies.length;
      double angle = position * frequencies[i % frequencies.length];
      cos[i] = (float) Math.cos(angle);
      sin[i] = (float) Math.sin(angle);
    }
    Shape ofTables = new Shape(seq, frequencies.length);
    try (Kernel kernel =
        Kernel.load(manager, KeptGraph.class, List.of("graph_block.py", second), constants)) {
      return kernel
          .method("block")
          .with(x)
          .with(manager.create(cos, ofTables))
          .with(manager.create(sin, ofTables))
          .withList("w", parameters.values().stream().map(p -> tensors.get(p.name())).toList())
          .runWithAutograd(manager)
          .get(0);
    }
  }
}
