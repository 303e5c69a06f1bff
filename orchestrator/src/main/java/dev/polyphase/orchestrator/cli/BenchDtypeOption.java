package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.Precision;
import dev.polyphase.pipelines.Dtype;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The option that says in which precision {@code bench train} computes. */
final class BenchDtypeOption {
  private static final String NAME = "--dtype";

  @Option(
      names = NAME,
      defaultValue = "float32",
      paramLabel = "T",
      description = "auto, float32 or bfloat16, of all but DJL's own blocks; float32 by default.")
  private Dtype dtype = Dtype.FLOAT32;

  /** The dtype, as in a pipeline. */
  Dtype dtype() {
    return dtype;
  }

  /** The option for another process. */
  static List<String> arguments(Precision precision) {
    return List.of(NAME, nameOf(precision));
  }

  /** A precision as the option names it. */
  static String nameOf(Precision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }
}
