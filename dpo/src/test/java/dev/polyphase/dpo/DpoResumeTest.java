package dev.polyphase.dpo;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Preference phases that are stopped and started again, with the same reference. */
class DpoResumeTest {
  private static final String[] SETTINGS = {
    "phases.one.max_steps=5",
    "phases.one.micro_batch_size=2",
    "phases.one.learning_rate=1e-2",
    "phases.one.eval_steps=2"
  };

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dpo|dpo={}",
        "dpo|dpo={reference: shared, prefix_sharing: true}|max_steps=2",
        "dpo|dpo={reference: tiny-qwen2}|max_steps=2",
        "dpo|dpo={prefix_sharing: false}|sample_packing=true|sequence_len=32|max_steps=2",
        "dpo|dpo={loss_type: [aot, sft]}|micro_batch_size=1|max_steps=2",
        "kto|kto={}|max_steps=2",
        "kto|kto={reference: shared}|sample_packing=true|sequence_len=64|max_steps=2",
        "simpo|simpo={}|max_steps=2"
      })
  void isAsIfItHadNeverStopped(String phase) throws IOException {
    List<String> parts = List.of(phase.split("\\|"));
    String[] settings =
        Stream.concat(
                Stream.of(SETTINGS),
                Stream.concat(
                    Stream.of("phases.one.type=" + parts.get(0)),
                    parts.stream().skip(1).map(part -> "phases.one." + part)))
            .toArray(String[]::new);
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
    Fixture.QWEN2.copyTo(folder);
    int count = parts.contains("max_steps=2") ? 4 : 10;
    run = parts.get(0).equals("kto") ? run.withJudged(count) : run.withPairs(count);
    RecordingListener whole = new RecordingListener();
    train(run, "whole", whole, settings);
    // What all phases share is stopped at every moment, what is a setting's own at every other.
    int stride = parts.contains("max_steps=2") ? 2 : 1;
    int moment = 0;
    boolean ended = false;
    while (!ended) {
      moment += stride;
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
        train(run, name, first, settings);
        ended = true;
      } catch (InterruptedTrainingException e) {
        RecordingListener second = new RecordingListener();
        train(run, name, second, settings);

        assertSameBytes(
            folder.resolve(name).resolve("model/model.safetensors"),
            folder.resolve("whole/model/model.safetensors"));
        Path margins = folder.resolve(name).resolve("margins.json");
        if (parts.get(0).equals("kto")) {
          assertThat(margins).doesNotExist();
        } else {
          assertThat(margins)
              .as("moment %d", moment)
              .hasSameTextualContentAs(folder.resolve("whole/margins.json"));
        }
        List<Map<String, Number>> rows =
            new ArrayList<>(first.figures().subList(0, second.keptRows()));
        rows.addAll(second.figures());
        assertThat(rows).as("moment %d", moment).isEqualTo(whole.figures());
      }
    }
    // Of steps and evaluations, and of passes over the rows where there are any.
    assertThat(moment).isGreaterThan(4);
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
    assertThatThrownBy(() -> train(run, "stopped", atTheThirdStep, SETTINGS))
        .isInstanceOf(InterruptedTrainingException.class);
    RecordingListener atOnce =
        new RecordingListener() {
          @Override
          public boolean stopRequested() {
            return true;
          }
        };

    assertThatThrownBy(() -> train(run, "stopped", atOnce, SETTINGS))
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
    int[] computed = new int[1];
    try (Transformer model = GoldenDpoTest.load(base)) {
      LogProbs[] first = reference("w", pairs, model, batches, computed);
      assertThat(computed[0]).isEqualTo(3);

      LogProbs[] again = reference("w", pairs, model, batches, computed);
      assertThat(again).isEqualTo(first);
      assertThat(computed[0]).as("the first batch alone").isEqualTo(4);

      Path kept = folder.resolve("reference.json");
      Files.writeString(
          kept,
          Files.readString(kept)
              .replace(Double.toString(first[0].first()), Double.toString(first[0].first() - 1)));
      LogProbs[] mended = reference("w", pairs, model, batches, computed);
      assertThat(mended).isEqualTo(first);
      assertThat(computed[0]).isEqualTo(8);

      reference("other", pairs, model, batches, computed);
      assertThat(computed[0]).isEqualTo(11);
    }
  }

  private @Nullable LogProbs[] reference(
      String weights, List<Pair> pairs, Transformer model, List<int[]> batches, int[] computed)
      throws IOException {
    try (Preference objective = Beginnings.sigmoid(pairs, 0.1, 0)) {
      objective.begin(Beginnings.in(folder, weights, model, batches, () -> computed[0]++));
      return requireNonNull(objective.reference());
    }
  }

  private void train(DpoRun run, String name, RecordingListener heard, String... settings)
      throws IOException {
    Files.createDirectories(folder.resolve(name));
    run.train(name + "/model", heard, Optional.empty(), settings);
  }
}
