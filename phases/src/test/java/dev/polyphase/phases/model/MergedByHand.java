package dev.polyphase.phases.model;

import static dev.polyphase.phases.model.AdaptedModels.RANK;
import static dev.polyphase.phases.model.AdaptedModels.SCALE;

import ai.djl.ndarray.NDArray;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Adapters and the model that plain Java merges them into: the second method. */
final class MergedByHand {
  private MergedByHand() {}

  /** The base with W + s B A in the place of each adapted W. */
  static Path merge(Path base, Transformer model, Path target) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(base);
    Map<String, NewTensor> replaced = new HashMap<>();
    for (String module : model.weights().trainable().adapters().modules()) {
      TensorInfo weight = checkpoint.find(module + ".weight").orElseThrow();
      float[] values = TensorValues.floats(weight);
      float[] a = model.trained().get(module + ".lora_A.weight").master().upper().toFloatArray();
      float[] b = model.trained().get(module + ".lora_B.weight").master().upper().toFloatArray();
      int inputs = Math.toIntExact(weight.shape().get(1));
      ByteBuffer bytes =
          ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < values.length; i++) {
        double sum = 0;
        for (int r = 0; r < RANK; r++) {
          sum += (double) b[i / inputs * RANK + r] * a[r * inputs + i % inputs];
        }
        bytes.putFloat((float) (values[i] + SCALE * sum));
      }
      replaced.put(
          weight.name(),
          new NewTensor(ElementType.F32, channel -> channel.write(bytes.flip().duplicate())));
    }
    CheckpointWriter.write(checkpoint, target, replaced, Map.of());
    return target;
  }

  /** Of the merged weight W + s B A: dA = s B' dW and dB = s dW A'. */
  static Map<String, float[]> gradients(
      Path merged, Transformer model, Set<String> whole, TokenBatch batch) throws IOException {
    Set<String> trained = new HashSet<>(whole);
    model
        .weights()
        .trainable()
        .adapters()
        .modules()
        .forEach(module -> trained.add(module + ".weight"));
    Map<String, float[]> ofWeights =
        KeptGraph.gradients(
            Checkpoint.open(merged), ConfigReader.read(Checkpoint.open(merged)), trained, batch);
    Map<String, float[]> gradients = new HashMap<>();
    whole.forEach(name -> gradients.put(name, ofWeights.get(name)));
    for (String module : model.weights().trainable().adapters().modules()) {
      float[] dw = ofWeights.get(module + ".weight");
      NDArray a = model.trained().get(module + ".lora_A.weight").master().upper();
      NDArray b = model.trained().get(module + ".lora_B.weight").master().upper();
      int inputs = (int) a.getShape().get(1);
      int outputs = (int) b.getShape().get(0);
      float[] av = a.toFloatArray();
      float[] bv = b.toFloatArray();
      float[] da = new float[av.length];
      float[] db = new float[bv.length];
      for (int r = 0; r < RANK; r++) {
        for (int i = 0; i < inputs; i++) {
          double sum = 0;
          for (int o = 0; o < outputs; o++) {
            sum += (double) bv[o * RANK + r] * dw[o * inputs + i];
          }
          da[r * inputs + i] = (float) (SCALE * sum);
        }
        for (int o = 0; o < outputs; o++) {
          double sum = 0;
          for (int i = 0; i < inputs; i++) {
            sum += (double) av[r * inputs + i] * dw[o * inputs + i];
          }
          db[o * RANK + r] = (float) (SCALE * sum);
        }
      }
      gradients.put(module + ".lora_A.weight", da);
      gradients.put(module + ".lora_B.weight", db);
    }
    return gradients;
  }
}
