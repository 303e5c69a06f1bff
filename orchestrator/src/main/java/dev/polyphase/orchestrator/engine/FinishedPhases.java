package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What is done is not done again, as long as it would come out the same. */
final class FinishedPhases {
  /** Where something is while a phase trains, and what is kept of it, is not what comes out. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of("optimizer_offload", "save_steps", "save_minutes", "save_total_limit");

  /** What runs did of which no setting told, before there was one. */
  private static final Map<String, String> ALWAYS_WAS = Map.of("save_rounding", "nearest");

  private static final String REMEDY = "; put it back, or start anew with --fresh";

  private FinishedPhases() {}

  /**
   * Checks that settings and data of the finished phases are what they were when those were
   * trained.
   *
   * @throws InputException naming every key and file that changed
   */
  static void requireUnchanged(RunState earlier, RunRequest request) throws IOException {
    int finished = earlier.finishedPhases();
    if (finished == 0) {
      return;
    }
    Settings settings = Settings.of(request.pipeline());
    List<Problem> problems = new ArrayList<>();
    compareSettings("", earlier.settings(), settings.shared(), problems);
    for (int i = 0; i < finished; i++) {
      PhaseState trained = earlier.phases().get(i);
      if (i >= request.pipeline().phases().size()) {
        problems.add(
            problem("the finished phase " + trained.name() + " is no longer in the pipeline"));
        continue;
      }
      Phase phase = request.pipeline().phases().get(i);
      String key = "phases." + trained.name() + ".";
      compareSettings(key, trained.settings(), settings.phases().get(i), problems);
      compareData(trained, DataFiles.digests(phase, request.folder()), problems);
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  private static void compareSettings(
      String prefix, Map<String, String> then, Map<String, String> now, List<Problem> problems) {
    SortedSet<String> keys = new TreeSet<>(then.keySet());
    keys.addAll(now.keySet());
    keys.removeAll(WITHOUT_EFFECT);
    for (String key : keys) {
      @Nullable String before = then.getOrDefault(key, ALWAYS_WAS.get(key));
      @Nullable String after = now.get(key);
      if (!same(before, after)) {
        problems.add(
            problem(
                prefix
                    + key
                    + " is "
                    + text(after)
                    + ", but the phase was trained with "
                    + text(before)));
      }
    }
  }

  /** Numbers are the same however they are written. */
  private static boolean same(@Nullable String before, @Nullable String after) {
    if (before == null || after == null) {
      return Objects.equals(before, after);
    }
    try {
      return before.equals(after) || new BigDecimal(before).compareTo(new BigDecimal(after)) == 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static void compareData(
      PhaseState trained, Map<String, String> now, List<Problem> problems) {
    SortedSet<String> files = new TreeSet<>(trained.data().keySet());
    files.addAll(now.keySet());
    for (String file : files) {
      @Nullable String before = trained.data().get(file);
      @Nullable String after = now.get(file);
      String phase = "since the phase " + trained.name() + " was trained on it";
      if (before == null) {
        problems.add(
            problem(
                "the data file "
                    + file
                    + " was not there when the phase "
                    + trained.name()
                    + " was trained"));
      } else if (after == null) {
        problems.add(problem("the data file " + file + " is gone " + phase));
      } else if (!before.equals(after)) {
        problems.add(problem("the data file " + file + " has changed " + phase));
      }
    }
  }

  private static String text(@Nullable String value) {
    return value == null ? "not set" : value;
  }

  private static Problem problem(String what) {
    return new Problem(null, what + REMEDY);
  }
}
