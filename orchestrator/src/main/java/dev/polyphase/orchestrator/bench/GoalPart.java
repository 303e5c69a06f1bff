package dev.polyphase.orchestrator.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One measurement among those of a machine's goals: a command of {@code bench} in a process and a
 * time of its own.
 *
 * @param name by which its figures are found
 * @param arguments of the program
 * @param weights the name of the random weights that it trains, which parts share; empty for none
 * @param seconds the time that it may take
 * @param insteadOf the part in whose place it is measured where that fails or is not asked for;
 *     empty for one that always is measured
 */
public record GoalPart(
    String name,
    List<String> arguments,
    Optional<String> weights,
    int seconds,
    Optional<String> insteadOf) {
  private static final String LARGE = "llama-3.1-8b";
  private static final String MIDDLE = "llama-3.2-1b";
  private static final String SMALL = "qwen2.5-0.5b";

  /** Keeps what it is given. */
  public GoalPart {
    arguments = List.copyOf(arguments);
  }

  /**
   * Which models, how long their rows are, and how often each step is measured.
   *
   * @param quick whether all are as small as can be, to try the parts themselves
   * @param device {@code cpu} or {@code cuda:N}
   * @param python the Python that has transformers; empty for the one that is found without
   */
  private record Sizes(boolean quick, String device, Optional<String> python) {
    GoalPart train(String name, String like, int layers, int sequence, int batch, String cases) {
      String shape = quick ? "tiny" : like;
      int blocks = quick ? Math.min(layers, 2) : layers;
      List<String> arguments = new ArrayList<>(List.of("bench", "train", "--like", shape));
      arguments.addAll(List.of("--layers", String.valueOf(blocks)));
      arguments.addAll(List.of("--seq", String.valueOf(quick ? 8 : sequence)));
      arguments.addAll(List.of("--batch", String.valueOf(batch)));
      arguments.addAll(List.of("--rounds", String.valueOf(quick ? 1 : like.equals(LARGE) ? 3 : 7)));
      arguments.addAll(List.of("--dtype", "bfloat16", "--device", device));
      arguments.addAll(List.of("--no-memory", "--cases", cases));
      if (cases.contains("transformers")) {
        python.ifPresent(program -> arguments.addAll(List.of("--python", program)));
      }
      return new GoalPart(
          name, arguments, Optional.of(shape + "-" + blocks), 100, Optional.empty());
    }

    GoalPart scan(String name, String where) {
      List<String> arguments = new ArrayList<>(List.of("bench", "scan", "--like"));
      arguments.addAll(List.of(quick ? "tiny" : SMALL, "--layers", quick ? "1" : "2"));
      arguments.addAll(List.of("--device", where));
      return new GoalPart(name, arguments, Optional.empty(), 60, Optional.empty());
    }

    GoalPart dpo() {
      List<String> arguments = new ArrayList<>(List.of("bench", "dpo", "--like"));
      arguments.addAll(List.of(quick ? "tiny" : MIDDLE, "--layers", quick ? "2" : "4"));
      arguments.addAll(List.of("--seq", quick ? "16" : "1024", "--batch", quick ? "1" : "4"));
      arguments.addAll(List.of("--rounds", quick ? "1" : "3"));
      arguments.addAll(List.of("--dtype", "bfloat16", "--device", device));
      return new GoalPart("dpo", arguments, Optional.empty(), 90, Optional.empty());
    }
  }

  private GoalPart with(String... further) {
    List<String> more = new ArrayList<>(arguments);
    more.addAll(List.of(further));
    return new GoalPart(name, more, weights, seconds, insteadOf);
  }

  /** Whether it is a scan, whose process has other settings of the C library. */
  boolean scans() {
    return arguments.size() > 1 && arguments.subList(0, 2).equals(List.of("bench", "scan"));
  }

  private GoalPart insteadOf(String failed) {
    return new GoalPart(name, arguments, weights, seconds, Optional.of(failed));
  }

  /**
   * All parts, what matters most first: where time runs out it is the last that are missing.
   *
   * <p>A model of 8 billion parameters has 16 GB of weights in bfloat16, which are written in as
   * many seconds as the disk takes for it. Training all of it takes 112 to 128 GB before
   * activations, so that transformers, with 16 GB of autocast's copies more, has no room for it
   * beside 140 GB: there the two are compared at half of the blocks, in processes one after the
   * other. Figures of whole models are measured with all blocks; none is extrapolated.
   *
   * <p>{@code scan_gpu} is the published method, float32 svdvals, on the GPU.
   *
   * @param quick whether all models are as small as can be, to try the parts themselves
   * @param devices {@code cpu} or {@code cuda:N}; where there are several, a model that is spread
   *     over them is measured too, all else on the first
   * @param python the Python that has transformers; empty for the one that is found without
   */
  public static List<GoalPart> all(boolean quick, List<String> devices, Optional<String> python) {
    String device = devices.get(0);
    Sizes sizes = new Sizes(quick, device, python);
    String both = "full,spectrum_25,transformers,transformers_spectrum_25";
    List<GoalPart> parts = new ArrayList<>();
    parts.add(sizes.train("0.75b", MIDDLE, 8, 1024, 4, "floor,spectrum_25_frozen_ends," + both));
    parts.add(sizes.train("0.5b_rows_8", SMALL, 24, 500, 8, both));
    parts.add(sizes.train("0.5b_rows_16", SMALL, 24, 500, 16, "full"));
    parts.add(sizes.train("0.5b_rows_1", SMALL, 24, 500, 1, "full,transformers"));
    parts.add(sizes.train("8b_spectrum_25", LARGE, 32, 4096, 1, "spectrum_25"));
    parts.add(sizes.train("8b_full", LARGE, 32, 4096, 1, "full"));
    parts.add(
        sizes
            .train("8b_full_recompute", LARGE, 32, 4096, 1, "full")
            .with("--recompute")
            .insteadOf("8b_full"));
    parts.add(
        sizes.train("8b_transformers_spectrum_25", LARGE, 32, 4096, 1, "transformers_spectrum_25"));
    parts.add(sizes.train("8b_half", LARGE, 16, 4096, 1, "full,spectrum_25"));
    parts.add(sizes.train("8b_half_transformers", LARGE, 16, 4096, 1, "transformers"));
    if (devices.size() > 1) {
      // Several micro-batches, so that all devices can have something to do.
      Sizes spread = new Sizes(quick, String.join(",", devices), python);
      parts.add(sizes.train("0.75b_passes_8", MIDDLE, 8, 1024, 8, "full").with("--passes", "8"));
      parts.add(spread.train("0.75b_spread", MIDDLE, 8, 1024, 8, "full").with("--passes", "8"));
    }
    if (!device.equals("cpu")) {
      parts.add(sizes.scan("scan_gpu", device));
    }
    parts.add(sizes.scan("scan_cpu", "cpu"));
    parts.add(sizes.dpo());
    return List.copyOf(parts);
  }
}
