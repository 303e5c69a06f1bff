package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.pipelines.problems.InputException;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that shape the model and the batch of {@code bench train} and {@code bench dpo}. */
final class TrainShapeOptions {
  /** Of a step; far more than any machine has memory for. */
  private static final int MOST_TOKENS = 10_000_000;

  private static final int MOST_LAYERS = 1000;

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      defaultValue = KnownShapes.DEFAULT,
      description = "Whose shape the model has: ${COMPLETION-CANDIDATES}; small by default.",
      completionCandidates = Names.class)
  private String like = KnownShapes.DEFAULT;

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
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return KnownShapes.names().iterator();
    }
  }

  /**
   * The shape.
   *
   * @param defaultSequence the tokens of a row where nothing else is asked for
   * @throws InputException where an option is out of its range
   */
  DecoderShape shape(int defaultSequence) {
    int tokens = sequence == null ? defaultSequence : sequence;
    requireWithin("--seq", tokens, MOST_TOKENS);
    requireWithin("--batch", batch, MOST_TOKENS / tokens);
    if (layers != 0) {
      requireWithin("--layers", layers, MOST_LAYERS);
    }
    return known(like, layers == 0 ? OptionalInt.empty() : OptionalInt.of(layers), tokens, batch);
  }

  /**
   * A shape that {@code --like} names.
   *
   * @param layers how many; the model's where it is empty
   * @throws InputException where there is none
   */
  static DecoderShape known(String like, OptionalInt layers, int sequence, int batch) {
    return KnownShapes.named(like, layers, sequence, batch)
        .orElseThrow(
            () ->
                new InputException(
                    "--like is '%s'; the shapes known are %s"
                        .formatted(like, String.join(", ", KnownShapes.names()))));
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
    Attention.Heads heads = shape.model().blocks().get(0).attention().heads();
    return JsonNodeFactory.instance
        .objectNode()
        .put("architecture", shape.architecture())
        .put("parameters", shape.values())
        .put("hidden", shape.model().hiddenSize())
        .put("layers", shape.layers())
        .put("heads", heads.queries())
        .put("key_value_heads", heads.keyValues())
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
}
