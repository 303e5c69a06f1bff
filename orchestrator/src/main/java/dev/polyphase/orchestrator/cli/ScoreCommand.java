package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ScoredRow;
import dev.polyphase.phases.api.ScoringListener;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    description = "Computes the log-probability of each row's labels, one line a row.")
final class ScoreCommand implements Callable<Integer> {
  private static final List<String> CONFIGURATION =
      List.of("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json");

  private final Backend backend;
  private final ModelFolders models;
  private final Console console;
  private final Display display;

  @Parameters(
      paramLabel = "MODEL",
      description = "A folder, or the id of a model on the hub, or ID@REVISION.")
  private String model = "";

  @Option(
      names = "--input",
      required = true,
      paramLabel = "ROWS.jsonl",
      description = "The rows; - is standard input.")
  private Path input = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.jsonl",
      description = "Where to write; standard output by default.")
  private @Nullable Path output;

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Option(
      names = "--dtype",
      defaultValue = "auto",
      paramLabel = "T",
      description = "auto, float32 or bfloat16.")
  private Dtype dtype = Dtype.AUTO;

  /**
   * The command.
   *
   * @param display where progress goes
   */
  ScoreCommand(Backend backend, ModelFolders models, Console console, Display display) {
    this.display = display;
    this.backend = backend;
    this.models = models;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Path folder = models.resolve(model, Path.of(""));
    if (output != null) {
      OutputFiles.requireNoInput(output, List.of(input));
      OutputPlace.requireFile(output);
    }
    Checkpoint checkpoint = Checkpoint.open(folder);
    if (output != null) {
      OutputFiles.requireNoInput(output, checkpoint.weightFiles());
      OutputFiles.requireNoInput(output, CONFIGURATION.stream().map(folder::resolve).toList());
    }
    HeadTie.contradiction(checkpoint).ifPresent(console.messages()::println);
    console.messages().flush();
    if (output == null || OutputPlace.isStandardOutput(output)) {
      score(folder, console.results());
      console.results().flush();
    } else {
      OutputPlace.write(
          output,
          out -> {
            PrintWriter lines =
                new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            score(folder, lines);
            lines.flush();
            if (lines.checkError()) {
              throw new OperationFailedException(
                  output + ": the file can't be written; is the disk full?");
            }
          });
    }
    return ExitCode.DONE;
  }

  private void score(Path folder, PrintWriter lines) throws IOException {
    try (ScoreProgress progress =
        new ScoreProgress(display, "reading " + input.getFileName(), System::nanoTime)) {
      progress.start();
      ScoringListener listener =
          new ScoringListener() {
            @Override
            public void scoring(int row, int rows, int tokens) {
              progress.scoring(row, rows, tokens);
            }

            @Override
            public void scored(ScoredRow row) {
              // Results and progress may share a terminal.
              display.clear();
              lines.print(json(row) + "\n");
              lines.flush();
            }
          };
      backend.scorer().score(folder, input, deviceOption.device(), dtype, listener);
    }
  }

  private static String json(ScoredRow row) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("tokens", row.tokens());
    put(line, "logprob", row.logprob());
    put(line, "loss", row.loss());
    return line.toString();
  }

  /** JSON has no infinity and no NaN. */
  private static void put(ObjectNode line, String key, @Nullable Double value) {
    line.put(key, value != null && Double.isFinite(value) ? value : null);
  }
}
