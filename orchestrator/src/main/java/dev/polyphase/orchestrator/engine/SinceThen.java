package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.Settings.Change;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.pipelines.problems.Problem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What of a phase's settings and data is not what it was, and must be.
 *
 * @param done what was done with them, as {@code was trained}
 * @param mayChange the keys of settings that may change, or what they begin with
 * @param remedy what helps
 */
record SinceThen(String done, Set<String> mayChange, String remedy) {

  /** Where something is while a phase trains, and what is kept of it, is not what comes out. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of("optimizer_offload", "save_steps", "save_minutes", "save_total_limit");

  /**
   * How another engine is started and watched is not what comes out either, nor is what it keeps on
   * its way. Which one it is can be seen in the last digits; how many processes it has, see {@link
   * #ofSettings}.
   */
  private static final Set<String> OF_ENGINE =
      Set.of(
          "engine.python",
          "engine.launch",
          "engine.cancel",
          "engine.checkpoint_steps",
          "engine.heartbeat_timeout",
          "engine.retries");

  private static final String TYPE_OF_ENGINE = "engine.type";

  /** Together they say how many processes train a phase. */
  private static final Set<String> PROCESSES = Set.of("engine.nodes", "engine.processes_per_node");

  private static final Pattern COUNT = Pattern.compile("\\d{1,9}");

  /** A phase is trained with these one way or the other; from then on it is with the new ones. */
  private static final Set<String> IN_THE_MIDDLE =
      Set.of(
          "learning_rate",
          "lr_scheduler",
          "lr_scheduler_kwargs",
          "cosine_min_lr_ratio",
          "warmup_steps",
          "warmup_ratio",
          "max_steps",
          "num_epochs",
          "max_tokens",
          "max_grad_norm",
          "weight_decay",
          "loss_watchdog_threshold",
          "loss_watchdog_patience",
          "logging_steps",
          "eval_steps",
          "early_stopping_patience",
          "early_stopping_threshold",
          "gradient_checkpointing",
          "optimizer_offload",
          "save_steps",
          "save_minutes",
          "save_total_limit");

  /** Of phases that are finished: what is done is not done again, if it would come out the same. */
  static SinceThen finished() {
    Set<String> mayChange = new HashSet<>(WITHOUT_EFFECT);
    mayChange.addAll(OF_ENGINE);
    mayChange.addAll(PROCESSES);
    return new SinceThen("was trained", mayChange, "put it back, or start anew with --fresh");
  }

  /**
   * Of a phase that goes on from a checkpoint. Another engine than the embedded trainer takes none
   * of a job with other settings: what would have it begin anew, and its checkpoints lost, is
   * refused.
   *
   * @param then the settings that the phase began with
   * @param checkpoints the folder that it goes on from
   */
  static SinceThen begun(Map<String, String> then, String checkpoints) {
    Set<String> mayChange = new HashSet<>(OF_ENGINE);
    mayChange.addAll(then.containsKey(TYPE_OF_ENGINE) ? WITHOUT_EFFECT : IN_THE_MIDDLE);
    return new SinceThen(
        "began",
        mayChange,
        "put it back, or remove the folder %s, so that this phase begins anew, or start the run anew with --fresh"
            .formatted(checkpoints));
  }

  /** As many processes may be dealt out to machines in another way. */
  private boolean may(Change change, boolean sameProcesses) {
    return mayChange.contains(change.head())
        || mayChange.contains(change.key())
        || (sameProcesses && PROCESSES.contains(change.key()));
  }

  private static long processes(Map<String, String> settings) {
    return PROCESSES.stream()
        .map(key -> settings.getOrDefault(key, "1"))
        // A run's state is not trusted.
        .mapToLong(count -> COUNT.matcher(count).matches() ? Long.parseLong(count) : 0)
        .reduce(1, (one, other) -> one * other);
  }

  /** The changes of settings that may be. */
  List<Change> allowed(Map<String, String> then, Map<String, String> now) {
    boolean sameProcesses = processes(then) == processes(now);
    return Settings.changes(then, now).stream()
        .filter(change -> may(change, sameProcesses))
        .toList();
  }

  /**
   * A problem for each setting that changed and may not.
   *
   * @param prefix of their keys, {@code phases.NAME.}
   */
  List<Problem> ofSettings(String prefix, Map<String, String> then, Map<String, String> now) {
    boolean sameProcesses = processes(then) == processes(now);
    return Settings.changes(then, now).stream()
        .filter(change -> !may(change, sameProcesses))
        .map(
            change ->
                problem(
                    "%s%s is %s, but the phase %s with %s"
                        .formatted(
                            prefix,
                            change.key(),
                            Change.text(change.now()),
                            done,
                            Change.text(change.then()))))
        .toList();
  }

  /**
   * A problem for each file of data that changed.
   *
   * @param phase what it was when it began
   * @param now the digests of its files now
   */
  List<Problem> ofData(PhaseState phase, Map<String, String> now) {
    SortedSet<String> files = new TreeSet<>(phase.data().keySet());
    files.addAll(now.keySet());
    List<Problem> problems = new ArrayList<>();
    for (String file : files) {
      changed(phase.data().get(file), now.get(file))
          .ifPresent(
              how ->
                  problems.add(
                      problem(
                          "the data file %s %s the phase %s %s"
                              .formatted(file, how, phase.name(), done))));
    }
    return problems;
  }

  private static Optional<String> changed(@Nullable String then, @Nullable String now) {
    if (then == null) {
      return Optional.of("was not there when");
    }
    if (now == null) {
      return Optional.of("is gone since");
    }
    return then.equals(now) ? Optional.empty() : Optional.of("has changed since");
  }

  Problem problem(String what) {
    return new Problem(null, what + "; " + remedy);
  }
}
