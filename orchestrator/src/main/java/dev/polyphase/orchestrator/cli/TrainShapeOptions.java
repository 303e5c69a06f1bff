package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.pipelines.problems.InputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that shape the model and the batch of {@code bench train} and {@code bench dpo}. */
final class TrainShapeOptions {
  private static final String DEFAULT = "small";

  /** Of a step; far more than any machine has memory for. */
  private static final int MOST_TOKENS = 10_000_000;

  private static final int MOST_LAYERS = 1000;

  /** Of published models their {@code config.json}; the default is none that was published. */
  private static final Map<String, DecoderShape> KNOWN = known();

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      defaultValue = DEFAULT,
      description = "Whose shape the model has: ${COMPLETION-CANDIDATES}; small by default.",
      completionCandidates = Names.class)
  private String like = DEFAULT;

  @Option(names = "--layers", paramLabel = "N", description = "How many layers.")
  private int layers;

  @Option(
      names = "--seq",
      paramLabel = "N",
      description = "Tokens of a row; 512 by default, of a row of pairs 128.")
  private @Nullable Integer sequence;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Rows of a step; 1 by default.")
  private int batch;

  /** The names of the shapes, for the help. */
  private static final class Names implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return KNOWN.keySet().iterator();
    }
  }

  /**
   * The shape.
   *
   * @param defaultSequence the tokens of a row where nothing else is asked for
   * @throws InputException where an option is out of its range
   */
  DecoderShape shape(int defaultSequence) {
    DecoderShape shape = KNOWN.get(like);
    if (shape == null) {
      throw new InputException(
          "--like is '" + like + "'; the shapes known are " + String.join(", ", KNOWN.keySet()));
    }
    int tokens = sequence == null ? defaultSequence : sequence;
    requireWithin("--seq", tokens, MOST_TOKENS);
    requireWithin("--batch", batch, MOST_TOKENS / tokens);
    if (layers != 0) {
      requireWithin("--layers", layers, MOST_LAYERS);
    }
    return new DecoderShape(
        shape.hidden(),
        layers == 0 ? shape.layers() : layers,
        shape.heads(),
        shape.keyValueHeads(),
        shape.intermediate(),
        shape.vocabulary(),
        shape.tied(),
        tokens,
        batch);
  }

  /** These options again, for another process. */
  static List<String> arguments(DecoderShape shape, String like) {
    return List.of(
        "--like",
        like,
        "--layers",
        String.valueOf(shape.layers()),
        "--seq",
        String.valueOf(shape.sequence()),
        "--batch",
        String.valueOf(shape.batch()));
  }

  String like() {
    return like;
  }

  /** A shape as the benchmarks print it. */
  static ObjectNode json(DecoderShape shape) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("hidden", shape.hidden())
        .put("layers", shape.layers())
        .put("heads", shape.heads())
        .put("key_value_heads", shape.keyValueHeads())
        .put("intermediate", shape.intermediate())
        .put("vocabulary", shape.vocabulary())
        .put("sequence", shape.sequence())
        .put("batch", shape.batch());
  }

  /**
   * Checks a number.
   *
   * @throws InputException where it is not from 1 to {@code most}
   */
  static void requireWithin(String option, int value, int most) {
    if (value < 1 || value > most) {
      throw new InputException(
          "%s is %d; give a whole number from 1 to %d".formatted(option, value, most));
    }
  }

  private static Map<String, DecoderShape> known() {
    Map<String, DecoderShape> known = new LinkedHashMap<>();
    known.put(DEFAULT, new DecoderShape(512, 8, 8, 8, 1408, 32_000, false, 512, 1));
    known.put("tiny", new DecoderShape(32, 8, 2, 1, 64, 128, false, 16, 1));
    known.put("qwen2.5-0.5b", new DecoderShape(896, 24, 14, 2, 4864, 151_936, true, 512, 1));
    known.put("qwen2.5-1.5b", new DecoderShape(1536, 28, 12, 2, 8960, 151_936, true, 512, 1));
    known.put("llama-3.2-1b", new DecoderShape(2048, 16, 32, 8, 8192, 128_256, true, 512, 1));
    return known;
  }
}
