package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.PhaseWarnings;
import dev.polyphase.orchestrator.engine.Progress;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.reports.RowPage;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "preview",
    mixinStandardHelpOptions = true,
    description =
        "Shows rows as they are trained on: which of their tokens carry loss, special tokens"
            + " included. Those that val_set_size holds out are among them.")
final class PreviewCommand implements Callable<Integer> {
  private final Backend backend;
  private final ModelFolders models;
  private final RowReader rowReader;
  private final Console console;
  private final Display display;
  private final boolean colored;

  @Mixin private PipelineFile source = new PipelineFile();

  @Option(
      names = "--phase",
      paramLabel = "NAME",
      description = "The phase to show; all of them by default.")
  private @Nullable String phase;

  @Option(
      names = {"-n", "--rows"},
      defaultValue = "5",
      paramLabel = "N",
      description = "How many rows of each phase, from the first on; 0 for all.")
  private long rows;

  @Option(names = "--ids", description = "Show the tokens' numbers too.")
  private boolean ids;

  @ArgGroup private Form form = new Form();

  /** How rows are shown. */
  private static final class Form {
    @Option(
        names = "--json",
        description =
            "One JSON object a row: file, line, input_ids and labels, the three of a pair, or the two of a"
                + " judged completion and its label.")
    private boolean json;

    @Option(names = "--html", description = "One page of HTML.")
    private boolean html;
  }

  /**
   * The command.
   *
   * @param display where progress goes
   * @param colored whether results may be in colour
   */
  PreviewCommand(
      Backend backend,
      ModelFolders models,
      RowReader rowReader,
      Console console,
      Display display,
      boolean colored) {
    this.backend = backend;
    this.models = models;
    this.rowReader = rowReader;
    this.console = console;
    this.display = display;
    this.colored = colored;
  }

  @Override
  public Integer call() throws IOException {
    Pipeline pipeline = source.read();
    if (rows < 0) {
      throw new InputException("-n is %d; give the number of rows, or 0 for all".formatted(rows));
    }
    List<Integer> which = which(pipeline);
    RunRequest request =
        new RunRequest(
            pipeline,
            source.folder(),
            Path.of(pipeline.outputDir()),
            RunRequest.Start.BEGIN_OR_RESUME);
    List<RowPage.Row> page = new ArrayList<>();
    backend
        .engine(models, rowReader, Progress.shownOn(display, pipeline.name()))
        .preview(
            request,
            which,
            (shownPhase, prepared, model) -> {
              // Results begin on a line of their own.
              display.clear();
              PhaseWarnings.ofRows(shownPhase, prepared.plan())
                  .forEach(sentence -> console.messages().println(PlainText.of(sentence)));
              try (Printer printer = printer(shownPhase, model, page)) {
                long[] left = {rows};
                prepared.shown(
                    row -> {
                      printer.print(row);
                      left[0]--;
                      return left[0] != 0;
                    });
              }
            });
    if (form.html) {
      console.results().print(RowPage.of(pipeline.name(), page));
    }
    console.results().flush();
    return ExitCode.DONE;
  }

  private List<Integer> which(Pipeline pipeline) {
    List<String> names = pipeline.phases().stream().map(Phase::name).toList();
    if (phase == null) {
      return IntStream.range(0, names.size()).boxed().toList();
    }
    int index = names.indexOf(phase);
    if (index < 0) {
      throw new InputException(
          "--phase: there is no phase %s; the pipeline has %s"
              .formatted(phase, String.join(", ", names)));
    }
    return List.of(index);
  }

  /** What is done with each row of a phase. */
  private interface Printer extends AutoCloseable {
    void print(ShownRow row);

    @Override
    default void close() {}
  }

  private Printer printer(Phase shownPhase, Path model, List<RowPage.Row> page) throws IOException {
    if (form.json) {
      return row -> console.results().print(PreviewText.json(shownPhase.name(), row) + "\n");
    }
    Tokenizer tokenizer = Tokenizer.open(model);
    PreviewText text = new PreviewText(tokenizer, ids);
    return new Printer() {
      @Override
      public void print(ShownRow row) {
        RowPage.Row shown = text.row(shownPhase.name(), row);
        if (form.html) {
          page.add(shown);
        } else {
          console.results().print(PreviewText.lines(shown, colored));
        }
      }

      @Override
      public void close() {
        tokenizer.close();
      }
    };
  }
}
