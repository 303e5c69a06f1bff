package dev.polyphase.orchestrator.store;

import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  private static final Pattern ENGINE_STEP = Pattern.compile("checkpoint-(\\d{1,18})");

  /** What nobody needs of an engine's job when its phase is done. */
  private static final List<String> ONLY_FOR_THE_JOB =
      List.of("train.jsonl", "eval.jsonl", "trained", "launch.json");

  /** What people may want to look at or go on from, though the phase begins anew. */
  private static final List<String> NEVER_REMOVED =
      List.of("model", "last-good", "failed-step.json");

  /**
   * What stays under its name: what was renamed, here or by a trainer that went on, and reference
   * figures, which are kept by the content that they were computed from.
   */
  private static final Pattern STAYS =
      Pattern.compile(
          "(model|last-good|engine)\\.old-\\d+|failed-step\\.old-\\d+\\.json|last-good-step-\\d+"
              + "|reference(-[a-z-]+)?\\.json");

  /** What a trainer works with, and removes unless its process is killed. */
  private static final Pattern WORK =
      Pattern.compile(
          "\\.?(best-weights|rescan-(\\d+|resumed))\\.safetensors(\\.tmp-[0-9a-f]{16})?");

  private static final Pattern UNFINISHED_STEP = Pattern.compile("\\.step-\\d{6,18}\\.tmp-\\d+");

  /** The rows of its data that are wrong and left out. */
  public Path rejectedJsonl() {
    return path.resolve("rejected.jsonl");
  }

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
    steps(rescans(), STEP)
        .forEach(
            (step, folder) -> {
              DecisionFolder decision = new DecisionFolder(folder);
              if (Files.exists(decision.selectionYaml())) {
                done.put(step, decision);
              }
            });
    return done;
  }

  /** Removes the rescans after a step from which the phase goes on. */
  public void removeRescansAfter(long step) throws IOException {
    for (Path folder : steps(rescans(), STEP).tailMap(step + 1).values()) {
      FolderTree.remove(folder);
    }
  }

  private Path rescans() {
    return path.resolve("rescans");
  }

  /** What trainers keep of the phase on its way, a folder for each step. */
  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /**
   * What was kept of the phase on its way.
   *
   * @param step the optimiser steps taken
   * @param path its folder
   */
  public record KeptStep(long step, Path path) {}

  /** All of them, in order; of those that an engine writes part by part the complete ones. */
  public List<KeptStep> keptSteps() throws IOException {
    Stream<Map.Entry<Long, Path>> ofEngine =
        steps(engineCheckpoints(), ENGINE_STEP).entrySet().stream()
            .filter(kept -> isComplete(kept.getValue()));
    return Stream.concat(steps(checkpoints(), STEP).entrySet().stream(), ofEngine)
        .map(kept -> new KeptStep(kept.getKey(), kept.getValue()))
        .sorted(Comparator.comparing(KeptStep::step))
        .toList();
  }

  /**
   * The latest one that is complete, or where none is the latest; whether its files are sound only
   * a trainer can say, and says.
   */
  public Optional<KeptStep> newestCheckpoint() throws IOException {
    return keptSteps().stream()
        .max(
            Comparator.comparing((KeptStep kept) -> isComplete(kept.path()))
                .thenComparing(KeptStep::step));
  }

  private static boolean isComplete(Path checkpoint) {
    return Files.isRegularFile(checkpoint.resolve("manifest.json"));
  }

  /** What another engine than the embedded trainer is given, and what it leaves. */
  public Path engine() {
    return path.resolve("engine");
  }

  /** What that engine keeps on its way. */
  private Path engineCheckpoints() {
    return engine().resolve("checkpoints");
  }

  /** Whether an engine has a job in the folder, which may still run. */
  public boolean holdsJob() {
    return Files.isRegularFile(engine().resolve("job.json"));
  }

  /**
   * Whether the phase goes on with what is there: a checkpoint, or a job. A trainer that can't
   * begins it anew.
   */
  public boolean goesOn() throws IOException {
    return holdsJob() || newestCheckpoint().isPresent();
  }

  /** What changes when something is kept of the phase on its way, or removed. */
  public String stampOfKept() throws IOException {
    String ofTrainer =
        Files.isDirectory(checkpoints())
            ? Files.getLastModifiedTime(checkpoints()).toInstant().toString()
            : "";
    // A folder that an engine fills is there before it is complete.
    return Files.isDirectory(engineCheckpoints()) ? ofTrainer + " " + keptSteps() : ofTrainer;
  }

  /** Removes checkpoints, of whatever kind. */
  public void removeCheckpoints() throws IOException {
    FolderTree.remove(checkpoints());
    FolderTree.remove(engineCheckpoints());
  }

  /**
   * Removes what is large of an engine's job that is done, but for checkpoints: rows, and trained
   * tensors, which are in the model.
   */
  public void removeRowsOfEngine() throws IOException {
    for (String name : ONLY_FOR_THE_JOB) {
      FolderTree.remove(engine().resolve(name));
    }
  }

  /** The folders {@code step-000200} in a folder, which need not be there. */
  private static SortedMap<Long, Path> steps(Path parent, Pattern names) throws IOException {
    SortedMap<Long, Path> steps = new TreeMap<>();
    if (Files.isDirectory(parent)) {
      try (Stream<Path> folders = Files.list(parent)) {
        for (Path folder : folders.toList()) {
          Matcher name = names.matcher(folder.getFileName().toString());
          if (name.matches()) {
            steps.put(Long.valueOf(name.group(1)), folder);
          }
        }
      }
    }
    return steps;
  }

  /** The figures of training, a logged step a line. */
  public Path metricsJsonl() {
    return path.resolve("metrics.jsonl");
  }

  /** Of a phase on pairs that is done, how their reward margins are spread. */
  public Path marginsJson() {
    return path.resolve("margins.json");
  }

  /** The state of training as Hugging Face's trainer writes it. */
  public Path trainerStateJson() {
    return path.resolve("trainer_state.json");
  }

  /** The phase's result, in Hugging Face layout. */
  public Path model() {
    return path.resolve("model");
  }

  /** What is said of the result before it appears, until {@code run.json} says it. */
  public Path resultJson() {
    return path.resolve("result.json");
  }

  /** What is known of the step at which the phase failed. */
  public Path failedStepJson() {
    return path.resolve("failed-step.json");
  }

  /**
   * A file or folder that has another name now.
   *
   * @param from what it was called
   * @param to what it is called
   */
  public record Renamed(Path from, Path to) {}

  /**
   * Makes the folder anew: what an interrupted attempt left in it is removed, but a model, be it of
   * its last good step, and what is known of a step that failed are renamed.
   *
   * @return what was
   */
  public List<Renamed> startAnew() throws IOException {
    List<Renamed> renamed = new ArrayList<>();
    if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      if (holdsJob()) {
        // First, so that half of an engine's folder is never taken for a job.
        Files.delete(engine().resolve("job.json"));
      }
      for (Path entry : entries()) {
        String name = entry.getFileName().toString();
        if (NEVER_REMOVED.contains(name)) {
          renamed.add(new Renamed(entry, Files.move(entry, freeNameFor(name))));
        } else if (!STAYS.matcher(name).matches()) {
          FolderTree.remove(entry);
        }
      }
    } else {
      FolderTree.remove(path);
    }
    Files.createDirectories(path);
    return renamed;
  }

  /**
   * Renames a model of which nothing is known, so that the phase, which goes on, can write its own.
   */
  public Optional<Renamed> setModelAside() throws IOException {
    return Files.exists(model(), LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(new Renamed(model(), Files.move(model(), freeNameFor("model"))))
        : Optional.empty();
  }

  /** Removes what a trainer works with, of which a process that was killed left something. */
  public void removeWork() throws IOException {
    removeMatching(path, WORK);
    removeMatching(checkpoints(), UNFINISHED_STEP);
  }

  private static void removeMatching(Path parent, Pattern names) throws IOException {
    if (Files.isDirectory(parent)) {
      try (Stream<Path> entries = Files.list(parent)) {
        for (Path entry :
            entries.filter(e -> names.matcher(e.getFileName().toString()).matches()).toList()) {
          FolderTree.remove(entry);
        }
      }
    }
  }

  /** Leaves nothing of an attempt; what {@link #startAnew} renames is renamed and stays. */
  public List<Renamed> giveUp() throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    List<Renamed> renamed = startAnew();
    if (entries().isEmpty()) {
      Files.delete(path);
    }
    return renamed;
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(path)) {
      return entries.sorted().toList();
    }
  }

  private Path freeNameFor(String name) {
    int dot = name.indexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    String suffix = dot < 0 ? "" : name.substring(dot);
    for (int n = 1; ; n++) {
      Path free = path.resolve(stem + ".old-" + n + suffix);
      if (!Files.exists(free, LinkOption.NOFOLLOW_LINKS)) {
        return free;
      }
    }
  }

  /** Removes the folder and all that is in it, following no links. */
  public void remove() throws IOException {
    FolderTree.remove(path);
  }
}
