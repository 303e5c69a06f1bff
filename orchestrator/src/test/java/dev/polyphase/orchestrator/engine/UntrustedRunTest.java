package dev.polyphase.orchestrator.engine;

import static dev.polyphase.orchestrator.engine.EngineRuns.THREE_PHASES;
import static dev.polyphase.orchestrator.engine.EngineRuns.contentsBelow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fifo;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The folder of a run that someone else has had in their hands. */
@Timeout(120)
class UntrustedRunTest {
  @TempDir Path folder;
  private EngineRuns runs;
  private Path run = Path.of("");
  private Path victim = Path.of("");

  @BeforeEach
  void anInterruptedRunBesideWhatMustStay() throws IOException {
    runs = new EngineRuns(folder);
    runs.requestStop(true);
    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.INTERRUPTED);
    runs.requestStop(false);
    run = folder.resolve("runs/three");
    victim = Files.createDirectories(folder.resolve("victim"));
    Files.writeString(victim.resolve("thesis.txt"), "mine");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "VICTIM",
        "../../victim",
        ".",
        "..",
        "",
        "/",
        "report",
        "phase-01-foundation/model",
        "phase-02-foundation",
        "phase-01-foundation/../../../victim",
        "phase-01-foundation\\u0000"
      })
  void itsStateDoesNotSayWhatIsRemoved(String text) throws IOException {
    String value = text.equals("VICTIM") ? victim.toString() : text;
    ObjectNode state = (ObjectNode) runs.json("runs/three/run.json");
    ((ObjectNode) state.at("/phases/0")).put("folder", value);
    Files.writeString(run.resolve("run.json"), state.toString());
    Map<String, String> before = contentsBelow(folder);

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(run.resolve("run.json") + ": phases[0].folder is \"")
        .hasMessageContaining("but the folder of this phase is \"phase-01-foundation\"");
    assertThatThrownBy(() -> ReportFiles.rebuild(new RunFolder(run)))
        .isInstanceOf(InputException.class);
    assertThat(contentsBelow(folder)).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({
    "../../victim, phase-01-../../victim",
    "x/../../../victim, phase-01-x/../../../victim",
    "'', phase-01-",
    "., phase-01-.",
    "a..b, phase-01-a..b"
  })
  void norDoTheNamesInIt(String name, String phaseFolder) throws IOException {
    ObjectNode state = (ObjectNode) runs.json("runs/three/run.json");
    ((ObjectNode) state.at("/phases/0")).put("name", name).put("folder", phaseFolder);
    Files.writeString(run.resolve("run.json"), state.toString());
    Map<String, String> before = contentsBelow(folder);

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("run.json: phases[0].name is \"" + name + "\"");
    assertThat(contentsBelow(folder)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "report",
        ".cache",
        ".cache/spectra",
        "phase-01-foundation",
        "phase-02-refinement",
        "phase-01-foundation/model",
        "base",
        "events.jsonl",
        "log.jsonl",
        "pipeline.yaml",
        "run.json",
        ".lock"
      })
  void nothingInItLeadsElsewhere(String name) throws IOException {
    Path link = run.resolve(name);
    Files.createDirectories(link.getParent());
    FolderTree.remove(link);
    boolean isFile = name.contains("json") || name.contains("yaml") || name.equals(".lock");
    Files.createSymbolicLink(link, isFile ? victim.resolve("thesis.txt") : victim);
    Map<String, String> before = contentsBelow(folder);

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(link + ": this is a link to " + victim);
    assertThat(contentsBelow(folder)).isEqualTo(before);

    // What is not read is only moved, as the user says it.
    if (!name.equals("run.json")) {
      assertThatThrownBy(() -> ReportFiles.rebuild(new RunFolder(run)))
          .isInstanceOf(InputException.class);
    }
  }

  @Test
  void aLinkInAFolderThatIsMadeAnewIsRemovedAndNotFollowed() throws IOException {
    Path old = run.resolve("phase-01-foundation");
    Files.createDirectories(old);
    Files.createSymbolicLink(old.resolve("inside"), run.resolve("report"));
    Files.createDirectories(run.resolve("report"));
    Files.writeString(run.resolve("report/kept.txt"), "mine");

    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
    assertThat(run.resolve("report/kept.txt")).hasContent("mine");
    assertThat(old.resolve("inside")).doesNotExist();
  }

  @Test
  void treesAreRemovedWithoutFollowingTheLinkThatNamesThem() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), victim);
    FolderTree.remove(link);
    assertThat(link).doesNotExist();
    assertThat(victim.resolve("thesis.txt")).hasContent("mine");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run.json",
        "events.jsonl",
        "log.jsonl",
        ".lock",
        "phase-01-foundation/metrics.jsonl"
      })
  void fifosAreNotWaitedFor(String name) throws IOException {
    Path fifo = run.resolve(name);
    Files.createDirectories(fifo.getParent());
    Files.deleteIfExists(fifo);
    Fifo.make(fifo);

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessage(fifo + ": this is a FIFO, and a file is needed");
  }

  @Test
  void freshLeavesWhatIsWrongBehind() throws IOException {
    Files.createSymbolicLink(run.resolve("mine"), victim);

    assertThat(runs.run(THREE_PHASES, Start.FRESH).kind()).isEqualTo(Kind.FINISHED);
    assertThat(folder.resolve("runs/three.old-1/mine")).isSymbolicLink();
    assertThat(victim.resolve("thesis.txt")).hasContent("mine");
  }

  @Test
  void aModelThatIsGoneIsSaid() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Path model = run.resolve("phase-03-alignment/model");
    Files.delete(model.resolve("model.safetensors"));
    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(model.toString());

    FolderTree.remove(model);
    for (Start start : new Start[] {Start.BEGIN_OR_RESUME, Start.RESUME}) {
      assertThatThrownBy(() -> runs.run(THREE_PHASES, start))
          .isInstanceOf(InputException.class)
          .hasMessage(
              model
                  + ": this model is gone, though the phase alignment is finished; put it back, or"
                  + " start the run anew with --fresh");
    }
    assertThat(runs.messages()).doesNotContain("is finished; --fresh");
  }
}
