package dev.polyphase.orchestrator.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a GPU's figures should be, and what they are.
 *
 * @param what the figure is of
 * @param bound what it should be at least or at most
 * @param atLeast which of both
 * @param found the figure; empty where a part that it comes from has none
 */
public record Goal(String what, double bound, boolean atLeast, OptionalDouble found) {
  private static final double FASTER = 1.2;
  private static final double MFU = 0.46;
  private static final double QUARTER = 0.6;
  private static final double LAUNCHES = 0.5;

  private static Goal atLeast(String what, double bound, double found) {
    return new Goal(what, bound, true, known(found));
  }

  private static Goal atMost(String what, double bound, double found) {
    return new Goal(what, bound, false, known(found));
  }

  private static OptionalDouble known(double found) {
    return Double.isFinite(found) ? OptionalDouble.of(found) : OptionalDouble.empty();
  }

  /** Whether it is met; what is not known is not. */
  public boolean met() {
    return found.isPresent()
        && (atLeast ? found.getAsDouble() >= bound : found.getAsDouble() <= bound);
  }

  /**
   * All goals.
   *
   * @param parts what each {@link GoalPart} printed, by its name; those that failed are missing
   */
  public static List<Goal> all(ObjectNode parts) {
    Figures figures = new Figures(parts);
    String full = parts.has("8b_full") ? "8b_full" : "8b_full_recompute";
    double rows8 = figures.of("0.5b_rows_8", "full", "seconds");
    double rows16 = figures.of("0.5b_rows_16", "full", "seconds");
    return List.of(
        atLeast(
            "0.5B, 8 rows of 500: tokens/s of full over transformers",
            FASTER,
            figures.speedup("0.5b_rows_8", "full", "0.5b_rows_8", "transformers")),
        atLeast(
            "0.5B, 1 row of 500: tokens/s of full over transformers",
            FASTER,
            figures.speedup("0.5b_rows_1", "full", "0.5b_rows_1", "transformers")),
        atLeast(
            "0.75B: tokens/s of full over transformers",
            FASTER,
            figures.speedup("0.75b", "full", "0.75b", "transformers")),
        atLeast(
            "0.75B: tokens/s of spectrum_25 over transformers'",
            FASTER,
            figures.speedup("0.75b", "spectrum_25", "0.75b", "transformers_spectrum_25")),
        atLeast(
            "8B shape, 16 of 32 blocks: tokens/s of full over transformers",
            FASTER,
            figures.speedup("8b_half", "full", "8b_half_transformers", "transformers")),
        atLeast(
            "8B: tokens/s of spectrum_25 over transformers'",
            FASTER,
            figures.speedup(
                "8b_spectrum_25",
                "spectrum_25",
                "8b_transformers_spectrum_25",
                "transformers_spectrum_25")),
        atLeast("8B: MFU of full", MFU, figures.of(full, "full", "mfu")),
        atLeast(
            "8B shape, 16 of 32 blocks: MFU of full", MFU, figures.of("8b_half", "full", "mfu")),
        atLeast("8B: MFU of spectrum_25", MFU, figures.of("8b_spectrum_25", "spectrum_25", "mfu")),
        atMost(
            "0.75B: seconds of spectrum_25 over full",
            QUARTER,
            figures.of("0.75b", "spectrum_25", "seconds") / figures.of("0.75b", "full", "seconds")),
        atMost(
            "8B shape, 16 of 32 blocks: seconds of spectrum_25 over full",
            QUARTER,
            figures.of("8b_half", "spectrum_25", "seconds")
                / figures.of("8b_half", "full", "seconds")),
        atMost(
            "8B: seconds of spectrum_25 over full",
            QUARTER,
            figures.of("8b_spectrum_25", "spectrum_25", "seconds")
                / figures.of(full, "full", "seconds")),
        // Launches take as long for 16 rows as for 8, and so does the update.
        atMost(
            "0.5B, 8 rows of 500: share of full's seconds that 8 rows more do not double",
            LAUNCHES,
            (2 * rows8 - rows16) / rows8));
  }

  /** What the parts printed. */
  private record Figures(ObjectNode parts) {
    /** A figure of a case; no number where it is not there. */
    double of(String part, String theCase, String key) {
      JsonNode value = parts.path(part).path("cases").path(theCase).path(key);
      return value.isNumber() ? value.doubleValue() : Double.NaN;
    }

    double speedup(String part, String ours, String otherPart, String theirs) {
      String key = "tokens_per_second";
      return of(part, ours, key) / of(otherPart, theirs, key);
    }
  }
}
