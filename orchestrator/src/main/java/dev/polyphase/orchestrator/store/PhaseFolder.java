package dev.polyphase.orchestrator.store;

import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of one phase of a run.
 *
 * @param path {@code DIR/NAME/phase-01-foundation}
 */
public record PhaseFolder(Path path) {
  private static final Pattern STEP = Pattern.compile("step-(\\d{6,18})");

  /** What the phase began with: a scan, if there is one, and what it trains. */
  public DecisionFolder decision() {
    return new DecisionFolder(path);
  }

  /** What it went on with after a step. */
  public DecisionFolder rescan(long step) {
    return new DecisionFolder(rescans().resolve("step-%06d".formatted(step)));
  }

  /** The rescans that came to a decision, by the step after which they were, in order. */
  public SortedMap<Long, DecisionFolder> rescansDone() throws IOException {
    SortedMap<Long, DecisionFolder> done = new TreeMap<>();
    if (!Files.isDirectory(rescans())) {
      return done;
    }
    try (Stream<Path> folders = Files.list(rescans())) {
      for (Path folder : folders.toList()) {
        Matcher name = STEP.matcher(folder.getFileName().toString());
        DecisionFolder decision = new DecisionFolder(folder);
        if (name.matches() && Files.exists(decision.selectionYaml())) {
          done.put(Long.valueOf(name.group(1)), decision);
        }
      }
    }
    return done;
  }

  private Path rescans() {
    return path.resolve("rescans");
  }

  /** The figures of training, a logged step a line. */
  public Path metricsJsonl() {
    return path.resolve("metrics.jsonl");
  }

  /** The state of training as Hugging Face's trainer writes it. */
  public Path trainerStateJson() {
    return path.resolve("trainer_state.json");
  }

  /** The phase's result, in Hugging Face layout. */
  public Path model() {
    return path.resolve("model");
  }

  /** Makes the folder anew: what an interrupted attempt left in it is removed. */
  public void startAnew() throws IOException {
    remove();
    Files.createDirectories(path);
  }

  /** Removes the folder and all that is in it, following no links. */
  public void remove() throws IOException {
    FolderTree.remove(path);
  }
}
