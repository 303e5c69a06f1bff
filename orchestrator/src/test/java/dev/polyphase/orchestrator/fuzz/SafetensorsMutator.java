package dev.polyphase.orchestrator.fuzz;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Changes a safetensors file: its header's length, what the header says of tensors, their data. */
final class SafetensorsMutator {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LENGTH = 8;

  private static final List<String> DTYPES =
      List.of("F64", "F16", "BF16", "F8_E4M3", "I64", "I32", "U8", "BOOL", "f32", "F4", "C64", "");

  private static final List<String> SHAPES =
      List.of(
          "[]",
          "[0]",
          "[0,64]",
          "[1,1,1,1]",
          "[-1,-64]",
          "[4294967296,4294967296]",
          "[9223372036854775807]",
          "[4611686018427387905,4]",
          "[64.0]",
          "[\"64\"]",
          "[null]",
          "64",
          "{}",
          "[1" + ",1".repeat(2_000) + "]");

  private static final long[] LENGTHS = {
    0, 1, 2, 100, 100_000_001, Integer.MAX_VALUE, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1
  };

  private SafetensorsMutator() {}

  static Mutant mutate(byte[] file, Random random) {
    ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) buffer.getLong(0);
    byte[] header = Arrays.copyOfRange(file, LENGTH, LENGTH + length);
    byte[] data = Arrays.copyOfRange(file, LENGTH + length, file.length);
    return switch (random.nextInt(6)) {
      case 0 -> {
        long wrong =
            random.nextBoolean()
                ? LENGTHS[random.nextInt(LENGTHS.length)]
                : length + random.nextInt(17) - 8;
        buffer.putLong(0, wrong);
        yield new Mutant("a header's length of " + wrong, file);
      }
      case 1 -> {
        Mutant changed = ByteMutator.mutate(header, random);
        yield new Mutant("header: " + changed.how(), joined(changed.bytes(), data));
      }
      case 2 -> {
        Mutant changed = JsonMutator.mutate(new String(header, StandardCharsets.UTF_8), random);
        yield new Mutant("header: " + changed.how(), joined(changed.bytes(), data));
      }
      case 3 -> values(header, data, random);
      default -> tensor(header, data, random);
    };
  }

  /** Values that are none, in the data. */
  private static Mutant values(byte[] header, byte[] data, Random random) {
    int[] patterns = {0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 1, 0};
    int pattern = patterns[random.nextInt(patterns.length)];
    int from = random.nextInt(data.length / Float.BYTES);
    int count = random.nextBoolean() ? 1 : random.nextInt(data.length / Float.BYTES - from + 1);
    ByteBuffer values = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = from; i < from + count; i++) {
      values.putInt(i * Float.BYTES, pattern);
    }
    return new Mutant(
        "%d values from %d on = %08x".formatted(count, from, pattern), joined(header, data));
  }

  /** One tensor's entry, in a way that fits its format more or less. */
  private static Mutant tensor(byte[] header, byte[] data, Random random) {
    try {
      ObjectNode tensors = (ObjectNode) JSON.readTree(header);
      tensors.remove("__metadata__");
      List<String> names = new ArrayList<>();
      tensors.fieldNames().forEachRemaining(names::add);
      String name = OddValues.one(names, random);
      ObjectNode tensor = (ObjectNode) tensors.path(name);
      ArrayNode offsets = (ArrayNode) tensor.path("data_offsets");
      String how;
      switch (random.nextInt(7)) {
        case 0 -> {
          tensor.put("dtype", OddValues.one(DTYPES, random));
          how = "dtype " + tensor.path("dtype");
        }
        case 1 -> {
          tensor.set("shape", JSON.readTree(OddValues.one(SHAPES, random)));
          how = "shape " + tensor.path("shape");
        }
        case 2 -> {
          int end = random.nextInt(2);
          long by = (long) (random.nextInt(9) - 4) * (random.nextBoolean() ? 4 : 1 << 28);
          offsets.set(end, offsets.get(end).asLong() + by);
          how = "data_offsets " + offsets;
        }
        case 3 -> {
          String other = OddValues.one(names, random);
          tensor.set("data_offsets", tensors.path(other).path("data_offsets"));
          how = "data_offsets of " + other;
        }
        case 4 -> {
          // Two tensors whose entries fit, each for the other's place.
          String other = OddValues.one(names, random);
          tensors.set(name, tensors.path(other));
          tensors.set(other, tensor);
          how = "swapped with " + other;
        }
        case 5 -> {
          ArrayNode shape = (ArrayNode) tensor.path("shape");
          long first = shape.get(0).asLong();
          shape.set(0, first / 2);
          shape.insert(random.nextInt(2), 2);
          how = "shape " + shape;
        }
        default -> {
          String other = name.replace("layers.", "layers.9");
          tensors.remove(name);
          tensors.set(other.equals(name) ? "x.weight" : other, tensor);
          how = "renamed";
        }
      }
      return new Mutant(
          "tensor " + name + ": " + how, joined(JSON.writeValueAsBytes(tensors), data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] joined(byte[] header, byte[] data) {
    return ByteBuffer.allocate(LENGTH + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(data)
        .array();
  }
}
