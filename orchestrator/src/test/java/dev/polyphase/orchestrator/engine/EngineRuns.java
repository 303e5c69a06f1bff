package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.hub.Hub;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Runs of one engine on a tiny checkpoint, in a folder with the model {@code tiny-llama} and the
 * rows {@code a.jsonl} and {@code b.jsonl}.
 */
final class EngineRuns {
  /** Two that scan, and one that takes parameters by their names. */
  static final String THREE_PHASES =
      """
      name: three
      base_model: tiny-llama
      defaults:
        learning_rate: 0.5
        max_steps: 3
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 50}, datasets: [{path: a.jsonl}]}
        - {name: refinement, type: sft, datasets: [{path: b.jsonl}],
           targeting: {top_percent: 40, modules: [mlp.up_proj, self_attn.q_proj], always_train: []}}
        - {name: alignment, type: dpo, datasets: [{path: b.jsonl}],
           targeting: {method: parameters, unfrozen_parameters: ['model.layers.3.mlp']}}
      """;

  private final Path folder;
  private final StringWriter messages = new StringWriter();
  private final List<RunObserver> observers = new ArrayList<>();
  private final List<Path> ended = new ArrayList<>();
  private boolean stopRequested;
  private DeviceMemory memory = new DeviceMemory(0, 0);

  /** Makes the folder's files. */
  EngineRuns(Path folder) throws IOException {
    this.folder = folder;
    Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n");
    Files.writeString(folder.resolve("b.jsonl"), "{\"text\": \"b\"}\n");
  }

  /** Runs a pipeline with {@link AddingTrainer}. */
  RunOutcome run(String yaml, Start start) throws IOException {
    return run(yaml, start, new AddingTrainer());
  }

  RunOutcome run(String yaml, Start start, PhaseTrainer trainer) throws IOException {
    StopSignal stop =
        new StopSignal() {
          @Override
          public void listen() {}

          @Override
          public boolean requested() {
            return stopRequested;
          }

          @Override
          public boolean saveRequested() {
            return false;
          }
        };
    RunRequest request = request(yaml, start);
    RunEvents events =
        Progress.shownOn(Display.plain(new PrintWriter(messages)), request.pipeline().name());
    observers.forEach(observer -> events.add("an observer", observer));
    Engine engine =
        new Engine(
            phase -> trainer,
            ended::add,
            device -> Floats.singularValues(),
            List.of(),
            new ModelFolders(
                Hub.of(
                    Map.of(
                        "HF_HUB_CACHE",
                        folder.resolve("no-cache").toString(),
                        "HF_HUB_OFFLINE",
                        "1"),
                    folder,
                    "test",
                    new DownloadProgress(Display.plain(new PrintWriter(messages)), () -> 0))),
            new RandomModels(),
            devices -> memory,
            stop,
            events,
            Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC),
            "test");
    return engine.run(request);
  }

  RunRequest request(String yaml, Start start) {
    Pipeline pipeline = PipelineReader.parse(yaml, "p.yaml", List.of());
    return new RunRequest(pipeline, folder, folder.resolve("runs"), start);
  }

  /** What the next runs hear of who wants them to stop. */
  void requestStop(boolean requested) {
    stopRequested = requested;
  }

  /** Has someone hear what happens to the next runs. */
  void observe(RunObserver observer) {
    observers.add(observer);
  }

  /** What the machine of the next runs has; before, nobody knows. */
  void has(DeviceMemory available) {
    memory = available;
  }

  /** The folders of engines whose jobs were ended so far, be there jobs or not. */
  List<Path> ended() {
    return List.copyOf(ended);
  }

  /** All that was told so far. */
  String messages() {
    return messages.toString();
  }

  JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(file).toFile());
  }

  /** The tensors whose bytes differ between two models. */
  Set<String> changed(String before, String after) throws IOException {
    Checkpoint left = Checkpoint.open(folder.resolve(before));
    Checkpoint right = Checkpoint.open(folder.resolve(after));
    Set<String> changed = new TreeSet<>();
    for (TensorInfo tensor : left.tensors()) {
      TensorInfo other = right.find(tensor.name()).orElseThrow();
      if (!Floats.read(tensor).equals(Floats.read(other))) {
        changed.add(tensor.name());
      }
    }
    return changed;
  }

  static Set<String> filesBelow(Path root) throws IOException {
    return new TreeSet<>(contentsBelow(root).keySet());
  }

  /** The files below a folder and their bytes. */
  static Map<String, String> contentsBelow(Path root) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String bytes = HexFormat.of().formatHex(Files.readAllBytes(file));
        contents.put(root.relativize(file).toString(), bytes);
      }
    }
    return contents;
  }
}
