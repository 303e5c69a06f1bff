package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a user sees of a run: plain lines, one for each logged step. */
public final class Progress {
  private final PrintWriter out;
  private String phase = "";

  /** Progress on {@code out}, which is flushed after each line. */
  public Progress(PrintWriter out) {
    this.out = out;
  }

  /** A sentence about the run as a whole. */
  public void say(String sentence) {
    out.println(sentence);
    out.flush();
  }

  void phaseStarted(int index, int count, String name) {
    phase = "phase " + (index + 1) + "/" + count + " " + name + ": ";
  }

  void scanned(int done, int total) {
    // A line for each tenth is enough to see that it moves.
    if (done == total || done * 10L / total > (done - 1) * 10L / total) {
      say(phase + "scanned " + done + "/" + total + " modules");
    }
  }

  void selected(int tensors) {
    say(phase + "trains " + tensors + " tensors");
  }

  void step(MetricsRow row) {
    StringBuilder line = new StringBuilder(phase);
    line.append("step ").append(row.step()).append('/').append(row.totalSteps());
    append(line, row, "loss", " loss %.4f");
    append(line, row, "eval_loss", " held-out loss %.4f");
    append(line, row, "rewards/accuracies", " accuracy %.3f");
    append(line, row, "learning_rate", " lr %.1e");
    append(line, row, "tokens_per_second", " %.0f tok/s");
    say(line.toString());
  }

  void note(String sentence) {
    say(phase + sentence);
  }

  void phaseFinished(PhaseResult result) {
    say(phase + String.format(Locale.ROOT, "%d steps in %.1f s", result.steps(), result.seconds()));
  }

  private static void append(StringBuilder line, MetricsRow row, String key, String format) {
    @Nullable Number value = row.values().get(key);
    if (value != null) {
      line.append(String.format(Locale.ROOT, format, value.doubleValue()));
    }
  }
}
