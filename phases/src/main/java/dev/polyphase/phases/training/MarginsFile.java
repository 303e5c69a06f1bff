package dev.polyphase.phases.training;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes {@code margins.json}: how the reward margins of a phase's pairs are spread, those trained
 * on and those held out in the same bins. 0 is between two bins, so that what is preferred rightly
 * is told from what is not; ties, whose margin is 0, are in none and are counted apart.
 */
final class MarginsFile {
  /** About so many bins. */
  private static final int BINS = 30;

  private MarginsFile() {}

  /**
   * Writes the file, if a margin is known.
   *
   * @param byName margins by what the file calls them
   */
  static void write(Path file, Map<String, Margins> byName) throws IOException {
    Map<String, double[]> known = new LinkedHashMap<>();
    byName.forEach(
        (name, margins) -> {
          double[] values = margins.known();
          if (values.length > 0) {
            known.put(name, values);
          }
        });
    if (!known.isEmpty()) {
      Path folder = file.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      AtomicFiles.writeString(file, text(known) + "\n");
    }
  }

  private static String text(Map<String, double[]> known) {
    double least = 0;
    double greatest = 0;
    for (double[] margins : known.values()) {
      least = Math.min(least, Arrays.stream(margins).min().orElse(0));
      greatest = Math.max(greatest, Arrays.stream(margins).max().orElse(0));
    }
    BigDecimal roundWidth = roundWidth((greatest - least) / BINS);
    double width = roundWidth.doubleValue();
    long first = (long) Math.floor(least / width);
    long end = Math.max(first + 1, (long) Math.floor(greatest / width) + 1);
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode edges = root.putArray("edges");
    for (long i = first; i <= end; i++) {
      edges.add(roundWidth.multiply(BigDecimal.valueOf(i)).doubleValue());
    }
    known.forEach(
        (name, margins) -> {
          long[] counts = new long[(int) (end - first)];
          long ties = 0;
          for (double margin : margins) {
            if (margin == 0) {
              ties++;
            } else {
              counts[(int) ((long) Math.floor(margin / width) - first)]++;
            }
          }
          ObjectNode series = root.putObject(name);
          series.put("pairs", margins.length);
          series.put("ties", ties);
          ArrayNode list = series.putArray("counts");
          Arrays.stream(counts).forEach(list::add);
        });
    return root.toString();
  }

  /** The next number from this on that is 1, 2 or 5 times a power of ten. */
  private static BigDecimal roundWidth(double least) {
    if (least == 0) {
      return BigDecimal.ONE;
    }
    BigDecimal power = BigDecimal.ONE.scaleByPowerOfTen((int) Math.floor(Math.log10(least)));
    for (long factor : new long[] {1, 2, 5}) {
      BigDecimal width = power.multiply(BigDecimal.valueOf(factor));
      if (width.doubleValue() >= least) {
        return width;
      }
    }
    return power.scaleByPowerOfTen(1);
  }
}
