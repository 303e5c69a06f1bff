package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.prepared.Pairs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Preference phases that are stopped and started again, with the same reference. */
class DpoResumeTest {
  private static final String[] SETTINGS = {
    "phases.one.max_steps=5",
    "phases.one.micro_batch_size=2",
    "phases.one.learning_rate=1e-2",
    "phases.one.eval_steps=2"
  };

  @TempDir Path folder;

  @Test
  void isAsIfItHadNeverStopped() throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(10);
    RecordingListener whole = new RecordingListener();
    train(run, "whole", whole);
    int moment = 0;
    boolean ended = false;
    while (!ended) {
      moment++;
      int stopAt = moment;
      RecordingListener first =
          new RecordingListener() {
            private int asked;

            @Override
            public boolean stopRequested() {
              asked++;
              return asked == stopAt;
            }
          };
      String name = "stopped-" + moment;
      try {
        train(run, name, first);
        ended = true;
      } catch (InterruptedTrainingException e) {
        RecordingListener second = new RecordingListener();
        train(run, name, second);

        assertThat(folder.resolve(name).resolve("model/model.safetensors"))
            .hasSameBinaryContentAs(folder.resolve("whole/model/model.safetensors"));
        List<Map<String, Number>> rows =
            new ArrayList<>(first.figures().subList(0, second.keptRows()));
        rows.addAll(second.figures());
        assertThat(rows).as("moment %d", moment).isEqualTo(whole.figures());
      }
    }
    // Passes over the pairs and those held out, evaluations and steps.
    assertThat(moment).isGreaterThan(10);
  }

  /** The reference is looked at with the first weights, but the steps are taken all the same. */
  @Test
  void stoppedBeforeItGoesOnItHasTakenTheStepsOfBefore() throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(10);
    RecordingListener atTheThirdStep =
        new RecordingListener() {
          @Override
          public boolean stopRequested() {
            return rows.stream().anyMatch(row -> row.step() == 3);
          }
        };
    assertThatThrownBy(() -> train(run, "stopped", atTheThirdStep))
        .isInstanceOf(InterruptedTrainingException.class);
    RecordingListener atOnce =
        new RecordingListener() {
          @Override
          public boolean stopRequested() {
            return true;
          }
        };

    assertThatThrownBy(() -> train(run, "stopped", atOnce))
        .isInstanceOfSatisfying(
            InterruptedTrainingException.class, e -> assertThat(e.step()).isEqualTo(3));
  }

  /** Another pause in the pass is where one of its batches is computed. */
  @Test
  void referenceIsKeptByWhatItFollowsFrom() throws IOException {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      pairs.add(new Pair(new int[] {i, 2}, new int[] {3, i, 5}, new int[] {i + 7}));
    }
    List<int[]> batches = List.of(new int[] {0, 1}, new int[] {2, 3}, new int[] {4, 5});
    Path base = Fixture.LLAMA.copyTo(folder);
    Pairs all = Pairs.of(pairs, List.of());
    int[] computed = new int[1];
    try (Transformer model = GoldenDpoTest.load(base)) {
      PairLogProbs[] first =
          Beginnings.pass(Beginnings.in(folder, "w", model, batches, () -> computed[0]++), all)
              .logProbs();
      assertThat(computed[0]).isEqualTo(3);

      PairLogProbs[] again =
          Beginnings.pass(Beginnings.in(folder, "w", model, batches, () -> computed[0]++), all)
              .logProbs();
      assertThat(again).isEqualTo(first);
      assertThat(computed[0]).as("the first batch alone").isEqualTo(4);

      Path kept = folder.resolve("reference.json");
      Files.writeString(
          kept,
          Files.readString(kept)
              .replace(Double.toString(first[0].chosen()), Double.toString(first[0].chosen() - 1)));
      PairLogProbs[] mended =
          Beginnings.pass(Beginnings.in(folder, "w", model, batches, () -> computed[0]++), all)
              .logProbs();
      assertThat(mended).isEqualTo(first);
      assertThat(computed[0]).isEqualTo(8);

      Beginnings.pass(Beginnings.in(folder, "other", model, batches, () -> computed[0]++), all)
          .logProbs();
      assertThat(computed[0]).isEqualTo(11);
    }
  }

  private void train(DpoRun run, String name, RecordingListener heard) throws IOException {
    Files.createDirectories(folder.resolve(name));
    run.train(name + "/model", heard, Optional.empty(), SETTINGS);
  }
}
