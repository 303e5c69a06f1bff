package dev.polyphase.weights;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Experts that a mixture keeps in one tensor, {@code ...experts.gate_up_proj} of [experts, rows,
 * columns], with or without {@code .weight}, and their biases beside it, {@code
 * ...experts.gate_up_proj_bias} of [experts, rows]. Each expert's part is a parameter of its own,
 * named {@code ...experts.gate_up_proj[3]}, which in {@code unfrozen_parameters} means the same
 * part.
 */
public final class FusedExperts {
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final String BIAS_SUFFIX = "_bias";
  private static final Pattern WEIGHT_NAME =
      Pattern.compile("(?:.+\\.)?experts\\.[^.\\[\\]]+(?:\\.weight)?");
  private static final Pattern BIAS_NAME =
      Pattern.compile("((?:.+\\.)?experts\\.[^.\\[\\]]+)(?:_bias|\\.bias)");
  private static final Pattern PART_NAME = Pattern.compile("(.+)\\[(0|[1-9][0-9]{0,8})]");

  private static final int CHUNK_BYTES = 1 << 20;

  private FusedExperts() {}

  /**
   * A part's name taken apart.
   *
   * @param tensor the tensor that holds all experts' parts
   * @param expert whose part it is, from 0
   */
  public record PartName(String tensor, int expert) {

    /** The tensor's name without {@code .weight}. */
    public String stem() {
      return tensor.endsWith(WEIGHT)
          ? tensor.substring(0, tensor.length() - WEIGHT.length())
          : tensor;
    }

    /** {@code TENSOR[EXPERT]}, as parts are named. */
    @Override
    public String toString() {
      return tensor + "[" + expert + "]";
    }
  }

  /** The parts of a name like {@code ...experts.gate_up_proj[3]}; empty for any other name. */
  public static Optional<PartName> partName(String name) {
    // Most names are none, and there are many.
    if (!name.endsWith("]")) {
      return Optional.empty();
    }
    Matcher part = PART_NAME.matcher(name);
    return part.matches()
        ? Optional.of(new PartName(part.group(1), Integer.parseInt(part.group(2))))
        : Optional.empty();
  }

  private static boolean isFusedWeight(TensorInfo tensor) {
    return tensor.shape().size() == 3
        && tensor.elements() > 0
        && tensor.type().floating()
        && WEIGHT_NAME.matcher(tensor.name()).matches();
  }

  /** The names that the bias of an expert may have whose weight is a part of a fused tensor. */
  public static List<String> biasNames(PartName weight) {
    return List.of(
        new PartName(weight.stem() + BIAS_SUFFIX, weight.expert()).toString(),
        new PartName(weight.stem() + BIAS, weight.expert()).toString());
  }

  /**
   * The module that an expert's part of a fused tensor belongs to, its weight and its bias alike:
   * the name of its weight. Empty for any other tensor.
   */
  public static Optional<String> moduleOf(String tensorName) {
    return partName(tensorName)
        .map(
            part -> {
              String tensor = part.tensor();
              String weight =
                  tensor.endsWith(BIAS_SUFFIX)
                      ? tensor.substring(0, tensor.length() - BIAS_SUFFIX.length())
                      : tensor.endsWith(BIAS)
                          ? tensor.substring(0, tensor.length() - BIAS.length()) + WEIGHT
                          : tensor;
              return new PartName(weight, part.expert()).toString();
            });
  }

  /** The names that the fused weight beside a bias may have; none where it is no such bias. */
  private static List<String> weightNames(String bias) {
    Matcher name = BIAS_NAME.matcher(bias);
    return name.matches() ? List.of(name.group(1), name.group(1) + WEIGHT) : List.of();
  }

  /** Whether a tensor of a checkpoint holds the matrices or the biases of several experts. */
  static boolean isFused(TensorInfo tensor, Map<String, TensorInfo> beside) {
    return isFusedWeight(tensor)
        || (tensor.shape().size() == 2
            && tensor.elements() > 0
            && tensor.type().floating()
            && weightNames(tensor.name()).stream()
                .anyMatch(weight -> isWeightOf(beside.get(weight), tensor)));
  }

  private static boolean isWeightOf(@Nullable TensorInfo weight, TensorInfo bias) {
    return weight != null
        && isFusedWeight(weight)
        && weight.shape().get(0).equals(bias.shape().get(0));
  }

  /** The parts of a fused tensor, by expert. */
  static List<TensorInfo> split(TensorInfo tensor) {
    List<TensorInfo> parts = new ArrayList<>();
    for (int expert = 0; expert < tensor.shape().get(0); expert++) {
      parts.add(part(tensor, expert));
    }
    return parts;
  }

  /** One expert's part of a fused tensor. */
  static TensorInfo part(TensorInfo tensor, int expert) {
    List<Long> shape = tensor.shape();
    long bytes = tensor.byteCount() / shape.get(0);
    return new TensorInfo(
        new PartName(tensor.name(), expert).toString(),
        tensor.type(),
        shape.subList(1, shape.size()),
        tensor.file(),
        tensor.position() + expert * bytes,
        bytes);
  }

  /**
   * New values for whole tensors, from such for parts: parts without new values keep their bytes.
   *
   * @param replaced new values by tensor or part
   * @throws IllegalArgumentException if parts of a tensor would have several types, or another
   *     number of rows, or if there are new values for a tensor and for a part of it
   */
  static Map<String, NewTensor> joined(Checkpoint base, Map<String, NewTensor> replaced) {
    Map<String, NewTensor> whole = new LinkedHashMap<>();
    Map<String, Map<Integer, NewTensor>> parts = new LinkedHashMap<>();
    replaced.forEach(
        (name, values) -> {
          Optional<PartName> part = partName(name).filter(of -> base.contains(of.tensor()));
          if (part.isPresent()) {
            parts
                .computeIfAbsent(part.get().tensor(), tensor -> new LinkedHashMap<>())
                .put(part.get().expert(), values);
          } else {
            whole.put(name, values);
          }
        });
    parts.forEach(
        (name, ofTensor) -> {
          TensorInfo tensor = base.find(name).orElseThrow();
          if (whole.put(name, joined(tensor, ofTensor)) != null) {
            throw new IllegalArgumentException(
                "there are new values for " + name + " and for experts of it");
          }
        });
    return whole;
  }

  private static NewTensor joined(TensorInfo tensor, Map<Integer, NewTensor> parts) {
    long experts = tensor.shape().get(0);
    ElementType type = parts.values().iterator().next().type();
    boolean all = parts.size() == experts;
    for (NewTensor part : parts.values()) {
      if (part.type() != type || (!all && type != tensor.type()) || part.rows().isPresent()) {
        throw new IllegalArgumentException(
            "%s of type %s can't have experts of several types or numbers of rows"
                .formatted(tensor.name(), tensor.type()));
      }
    }
    return new NewTensor(type, channel -> write(tensor, parts, channel));
  }

  private static void write(
      TensorInfo tensor, Map<Integer, NewTensor> parts, WritableByteChannel channel)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(CHUNK_BYTES, tensor.byteCount()));
    try (FileChannel old = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      for (int expert = 0; expert < tensor.shape().get(0); expert++) {
        TensorInfo part = part(tensor, expert);
        NewTensor values = parts.get(expert);
        if (values == null) {
          copy(old, part, buffer, channel);
        } else {
          long bytes = part.elements() * values.type().bytes();
          CountedChannel counted = new CountedChannel(channel, part.name(), bytes);
          values.bytes().writeTo(counted);
          counted.checkComplete();
        }
      }
    }
  }

  private static void copy(
      FileChannel file, TensorInfo part, ByteBuffer buffer, WritableByteChannel channel)
      throws IOException {
    long done = 0;
    while (done < part.byteCount()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), part.byteCount() - done));
      int read = file.read(buffer, part.position() + done);
      if (read < 0) {
        throw FileFailure.reading(part.file(), new EOFException());
      }
      done += read;
      FileTransfer.append(buffer.flip(), channel);
    }
  }
}
