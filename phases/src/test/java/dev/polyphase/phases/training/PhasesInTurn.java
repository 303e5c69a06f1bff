package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.DoubleStream;

/**
 * Phases one after the other, each from what the one before it saved. A phase that moves is the
 * same where no tensor stays: optimizer states begin with what enters.
 *
 * @param base the checkpoint to start from
 * @param sets what each phase trains
 * @param rows those of each phase
 */
record PhasesInTurn(Path base, List<Set<String>> sets, List<List<String>> rows) {

  /**
   * Trains them and holds a phase that moved to what comes out.
   *
   * @param moved the folder that the phase wrote, beside the rows
   * @param heard what it logged
   * @param settings of each phase
   */
  void assertSame(Path moved, RecordingListener heard, String... settings) throws IOException {
    Path folder = moved.getParent();
    DoubleStream losses = DoubleStream.empty();
    Path from = base;
    for (int phase = 0; phase < sets.size(); phase++) {
      Files.write(folder.resolve("rows.jsonl"), rows.get(phase));
      RecordingListener own = new RecordingListener();
      new SftRun(folder, from, sets.get(phase)).train("phase-" + phase, own, settings);
      losses = DoubleStream.concat(losses, Arrays.stream(own.series("loss")));
      from = folder.resolve("phase-" + phase);
    }

    SavedModels.assertSame(moved, from);
    assertThat(heard.series("loss")).containsExactly(losses.toArray());
  }
}
