package dev.polyphase.phases.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Rows of which it is known whose loss is low and whose is high, for what watches losses. */
final class RowsByLoss {
  private RowsByLoss() {}

  /**
   * Writes a row for each digit: 0 for one whose loss is low, 1 for one whose loss is high, as the
   * untrained model has them. As many again, of losses between, are left out: the two stay apart
   * while the model trains a little.
   *
   * @return a loss between the two
   */
  static double write(SftRun run, String digits) throws IOException {
    int count = 2 * digits.length();
    run.withRows(IntStream.range(0, count).map(i -> 12).toArray());
    RecordingListener heard = new RecordingListener();
    run.train("losses", heard, "phases.one.learning_rate=1e-30", "phases.one.max_steps=" + count);
    double[] losses = heard.series("loss");
    List<Integer> byLoss =
        IntStream.range(0, count).boxed().sorted(Comparator.comparing(i -> losses[i])).toList();
    Path file = run.folder().resolve("rows.jsonl");
    List<String> rows = Files.readAllLines(file);
    List<String> chosen = new ArrayList<>();
    int low = 0;
    int high = count;
    for (int i = 0; i < digits.length(); i++) {
      chosen.add(rows.get(byLoss.get(digits.charAt(i) == '0' ? low++ : --high)));
    }
    Files.write(file, chosen);
    double between = (losses[byLoss.get(low - 1)] + losses[byLoss.get(high)]) / 2;
    return Double.parseDouble(String.format(Locale.ROOT, "%.6f", between));
  }
}
