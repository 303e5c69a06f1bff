package dev.polyphase.orchestrator.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;

/** Changes bytes, whatever they mean: as a bad disk or a copy that was cut short does. */
final class ByteMutator {
  private ByteMutator() {}

  static Mutant mutate(byte[] bytes, Random random) {
    int length = bytes.length;
    // Beginnings matter more than what follows: headers are there.
    int at = random.nextInt(random.nextBoolean() ? length : Math.min(length, 200));
    int count = 1 + random.nextInt(random.nextBoolean() ? 4 : 1 + length / 4);
    int end = Math.min(length, at + count);
    byte[] changed = bytes.clone();
    return switch (random.nextInt(8)) {
      case 0 -> new Mutant("cut at " + at, Arrays.copyOf(bytes, at));
      case 1 -> {
        for (int i = at; i < end; i++) {
          changed[i] ^= (byte) (1 << random.nextInt(8));
        }
        yield new Mutant("a bit flipped in each of " + at + " to " + end, changed);
      }
      case 2 -> {
        Arrays.fill(changed, at, end, (byte) 0);
        yield new Mutant("zeros from " + at + " to " + end, changed);
      }
      case 3 -> {
        Arrays.fill(changed, at, end, (byte) 0xff);
        yield new Mutant("0xFF from " + at + " to " + end, changed);
      }
      case 4 -> {
        byte[] noise = new byte[Math.min(count, 5_000)];
        random.nextBytes(noise);
        yield new Mutant(noise.length + " bytes put in at " + at, joined(bytes, at, noise, at));
      }
      case 5 ->
          new Mutant("taken out from " + at + " to " + end, joined(bytes, at, new byte[0], end));
      case 6 ->
          new Mutant(
              "doubled from " + at + " to " + end,
              joined(bytes, end, Arrays.copyOfRange(bytes, at, end), end));
      default -> {
        changed[at] = (byte) random.nextInt(256);
        yield new Mutant("byte " + at + " = " + (changed[at] & 0xff), changed);
      }
    };
  }

  private static byte[] joined(byte[] bytes, int head, byte[] middle, int tail) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, head);
    out.write(middle, 0, middle.length);
    out.write(bytes, tail, bytes.length - tail);
    return out.toByteArray();
  }
}
