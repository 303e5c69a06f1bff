package dev.polyphase.orchestrator.bench;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.LauncherSettings;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.RandomTokens;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.weights.TemporaryFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The same step in transformers: the same weights, tokens, optimiser and number of threads, in a
 * Python that waits while others are measured.
 */
final class TransformersStep implements BenchStep {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SCRIPT = "transformers_step.py";
  private static final int SECONDS_TO_END = 30;

  private final TemporaryFolder folder;
  private final Path errors;
  private final Process process;
  private final BoundProcess bound;
  private final Writer asked;
  private final BufferedReader answers;
  private @Nullable JsonNode last;

  /** There are no steps of it; the message says why, in a sentence without a beginning. */
  static final class FailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FailedException(String sentence) {
      super(sentence);
    }
  }

  /**
   * Starts Python and loads the model.
   *
   * @param trained the weights that are trained; empty for every parameter
   * @throws FailedException where it can't be
   */
  TransformersStep(TrainSetup setup, Optional<Set<String>> trained) throws IOException {
    folder = TemporaryFolder.create("bench-transformers");
    Path script = folder.path().resolve(SCRIPT);
    try (InputStream in = TransformersStep.class.getResourceAsStream(SCRIPT)) {
      Files.copy(requireNonNull(in), script);
    }
    Path job = Files.writeString(folder.path().resolve("job.json"), job(setup, trained).toString());
    errors = folder.path().resolve("errors.txt");
    Path python = setup.peer().python().orElseThrow();
    ProcessBuilder builder =
        new ProcessBuilder(python.toString(), script.toString(), job.toString())
            .redirectError(errors.toFile());
    LauncherSettings.leaveOut(builder.environment());
    bound = start(builder, folder);
    process = bound.process();
    asked = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
    answer();
  }

  private static BoundProcess start(ProcessBuilder builder, TemporaryFolder folder)
      throws IOException {
    try {
      return BoundProcess.start(builder);
    } catch (IOException e) {
      folder.close();
      throw new FailedException(
          "%s can't be started: %s"
              .formatted(builder.command().get(0), PlainText.of(String.valueOf(e.getMessage()))));
    }
  }

  private static ObjectNode job(TrainSetup setup, Optional<Set<String>> trained) {
    ObjectNode job = JSON.createObjectNode();
    job.put("model", setup.model().toAbsolutePath().toString());
    job.put("device", setup.device());
    job.put("dtype", setup.precision().name().toLowerCase(Locale.ROOT));
    job.put("threads", Libtorch.threads());
    job.put("passes", setup.passes());
    job.put("recompute", setup.activations() == Activations.RECOMPUTED);
    trained.ifPresent(names -> names.forEach(job.withArray("trained")::add));
    Optimizer adamw = TransformerStep.ADAMW;
    job.put("learning_rate", TransformerStep.LEARNING_RATE);
    job.putArray("betas").add(adamw.beta1()).add(adamw.beta2());
    job.put("epsilon", adamw.epsilon());
    job.put("weight_decay", adamw.weightDecay());
    job.put("max_grad_norm", adamw.maxGradNorm());
    int[] ids = RandomTokens.of(setup.shape()).ids();
    ArrayNode rows = job.putArray("ids");
    for (int row = 0; row < setup.shape().batch(); row++) {
      ArrayNode tokens = rows.addArray();
      for (int i = 0; i < setup.shape().sequence(); i++) {
        tokens.add(ids[row * setup.shape().sequence() + i]);
      }
    }
    return job;
  }

  @Override
  public void run() {
    try {
      asked.write("step\n");
      asked.flush();
    } catch (IOException e) {
      // It has ended; what it said last is the reason.
    }
    last = answer();
  }

  @Override
  public OptionalDouble ownSeconds() {
    return OptionalDouble.of(requireNonNull(last).path("seconds").doubleValue());
  }

  @Override
  public OptionalDouble lastLoss() {
    return last != null && last.path("loss").isNumber()
        ? OptionalDouble.of(last.path("loss").doubleValue())
        : OptionalDouble.empty();
  }

  /** By how much its memory rose up to the end of the last step; empty where it does not tell. */
  OptionalLong memoryBytes() {
    JsonNode bytes = requireNonNull(last).path("memory_bytes");
    return bytes.isNumber() ? OptionalLong.of(bytes.longValue()) : OptionalLong.empty();
  }

  private JsonNode answer() {
    try {
      String line = answers.readLine();
      if (line != null) {
        return JSON.readTree(line);
      }
      List<String> said = lastWords();
      throw new FailedException(
          said.isEmpty()
              ? "its process ended with " + process.exitValue()
              : PlainText.of(said.get(said.size() - 1)));
    } catch (JsonProcessingException e) {
      close();
      throw new FailedException("what its process answered is no JSON");
    } catch (IOException e) {
      close();
      throw new UncheckedIOException(e);
    }
  }

  private List<String> lastWords() throws IOException {
    end();
    List<String> said = Written.lines(errors);
    folder.close();
    return said;
  }

  @Override
  public void close() {
    end();
    try {
      folder.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** It ends when there is nothing to read any more, or is ended. */
  private void end() {
    try (Writer closed = asked) {
      closed.flush();
    } catch (IOException e) {
      // It has ended already.
    }
    try {
      if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    bound.release();
  }
}
