package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Phases that are stopped or die on their way, and are started again: nothing is different. */
class ResumeTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";

  /** Rows that are seen once or twice, and half of others. */
  private static final String MIXED =
      "datasets=[{\"path\":rows.jsonl,\"weight\":1.5},{\"path\":others.jsonl,\"weight\":0.5}]"
          + " shuffle=true";

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void modelAndRows() throws IOException {
    run =
        new SftRun(
                folder,
                Fixture.LLAMA.copyTo(folder),
                Set.of(UP, QUERY, "lm_head.weight", "model.norm.weight"))
            .withRows(30, 12, 40, 22, 17, 35, 28, 19, 44, 23);
  }

  /** Stopped at every moment at which it can be, one after the other. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "optimizer=adamw",
        "optimizer=adamw_bf16",
        "optimizer=adamw_8bit",
        "optimizer=adafactor",
        "optimizer=lion",
        "optimizer=muon",
        "sample_packing=true",
        "gradient_accumulation_steps=3 logging_steps=2",
        "neftune_noise_alpha=5 shuffle=true",
        "optimizer_offload=true",
        "gradient_checkpointing=true",
        "val_set_size=3 eval_steps=2 learning_rate=0.03 early_stopping_patience=1",
        "val_set_size=3 eval_steps=1 learning_rate=0.03 load_best_model_at_end=true",
        "loss_watchdog_threshold=5 loss_watchdog_patience=9",
        MIXED + " gradient_accumulation_steps=2 logging_steps=2 num_epochs=2",
        MIXED + " mix_by=tokens sample_packing=true val_set_size=3 eval_steps=2",
      })
  void isAsIfItHadNeverStopped(String settings) throws IOException {
    assertSameHoweverStopped(settings(settings), List.of());
  }

  @Test
  void onSeveralDevices() throws IOException {
    String[] settings =
        Stream.concat(Arrays.stream(settings("max_steps=4")), Stream.of("device=[cpu, cpu]"))
            .toArray(String[]::new);
    assertSameHoweverStopped(settings, List.of());
  }

  @Test
  void withAdaptersThatDrop() throws IOException {
    run = new SftRun(folder, run.base(), Set.of(UP, QUERY));
    assertSameHoweverStopped(
        settings(
            "adapter={type: lora, r: 4, alpha: 8, dropout: 0.3}",
            "targeting={method: parameters, unfrozen_parameters: [lm_head]}"),
        List.of());
  }

  /** What leaves rests in a file, and what enters begins with states of its own. */
  @Test
  void movingToOtherTensors() throws IOException {
    run = new SftRun(folder, run.base(), Set.of(UP));
    List<Set<String>> turns = List.of(Set.of(QUERY), Set.of(QUERY, UP), Set.of(UP));
    assertSameHoweverStopped(
        settings("max_steps=7 val_set_size=2 eval_steps=2 load_best_model_at_end=true"),
        List.of(turns));
  }

  /** Experts of both layouts, of which some leave, some stay and some enter. */
  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, model.layers.%d.mlp.experts.%d.down_proj.weight, model.layers.2.mlp.gate.weight",
    "gpt-oss, model.layers.%d.mlp.experts.gate_up_proj[%d], model.layers.2.mlp.router.weight"
  })
  void withExpertsThatMove(String model, String expert, String router) throws IOException {
    Set<String> first = Set.of(expert.formatted(2, 1), expert.formatted(2, 3), router);
    run = new SftRun(folder, FamilyModel.of(model).copyTo(folder), first);
    List<Set<String>> turns =
        List.of(
            Set.of(expert.formatted(2, 1), expert.formatted(0, 2)),
            Set.of(expert.formatted(0, 2), router),
            first);
    assertSameHoweverStopped(
        settings("max_steps=5 val_set_size=2 eval_steps=3 load_best_model_at_end=true"),
        List.of(turns));
  }

  private void assertSameHoweverStopped(String[] settings, List<List<Set<String>>> turns)
      throws IOException {
    RecordingListener whole = new RecordingListener();
    PhaseResult expected = train("whole/model", whole, turns, settings);
    int moments = 0;
    for (int moment = 1; ; moment++) {
      String result = "stopped-" + moment + "/model";
      StoppedListener stopped = new StoppedListener(moment);
      boolean ended = false;
      try {
        train(result, stopped, turns, settings);
        ended = true;
      } catch (InterruptedTrainingException e) {
        assertThat(folder.resolve(result)).doesNotExist();
      }
      if (ended) {
        break;
      }
      moments++;
      RecordingListener second = new RecordingListener();
      PhaseResult found = train(result, second, turns, settings);

      SavedModels.assertSame(folder.resolve(result), folder.resolve("whole/model"));
      assertThat(found.steps()).isEqualTo(expected.steps());
      assertThat(found.tokens()).isEqualTo(expected.tokens());
      assertThat(found.changedValues()).isEqualTo(expected.changedValues());
      List<Map<String, Number>> rows =
          new ArrayList<>(stopped.figures().subList(0, second.keptRows()));
      rows.addAll(second.figures());
      assertThat(rows).as("stopped at moment %d", moment).isEqualTo(whole.figures());
      assertThat(folder.resolve("stopped-" + moment).toFile().list())
          .as("moment %d", moment)
          .isSubsetOf("model", "checkpoints");
    }
    assertThat(moments).isGreaterThan(3);
  }

  /** Dies after a step's row, without a word, and goes on from the checkpoint before it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void whatWasAfterTheCheckpointIsTrainedAgain(int step) throws IOException {
    String[] settings = settings("max_steps=6 save_steps=2");
    RecordingListener whole = new RecordingListener();
    train("whole/model", whole, List.of(), settings);
    DyingListener dying = new DyingListener(step);

    assertThatThrownBy(() -> train("died/model", dying, List.of(), settings))
        .isInstanceOf(IllegalStateException.class);
    RecordingListener second = new RecordingListener();
    train("died/model", second, List.of(), settings);

    SavedModels.assertSame(folder.resolve("died/model"), folder.resolve("whole/model"));
    assertThat(second.keptRows()).isEqualTo((step - 1) / 2 * 2);
    assertThat(second.rows).hasSize(6 - second.keptRows());
  }

  @Test
  void theNewestThatIsWholeIsTaken() throws IOException {
    String[] settings = settings("max_steps=6 save_steps=1 save_total_limit=3");
    train("whole/model", new RecordingListener(), List.of(), settings);
    for (Damage damage : Damage.values()) {
      String result = "died-" + damage + "/model";
      assertThatThrownBy(() -> train(result, new DyingListener(5), List.of(), settings))
          .isInstanceOf(IllegalStateException.class);
      Path newest = folder.resolve(result).resolveSibling("checkpoints/step-000004");
      damage.doTo(newest);
      RecordingListener second = new RecordingListener();

      train(result, second, List.of(), settings);

      SavedModels.assertSame(folder.resolve(result), folder.resolve("whole/model"));
      assertThat(second.keptRows()).isEqualTo(3);
      assertThat(second.notes)
          .anySatisfy(
              note -> assertThat(note).contains(newest.toString()).contains("can't be used"))
          .anySatisfy(note -> assertThat(note).contains("step-000003"));
    }
  }

  /** What can happen to a checkpoint's files. */
  private enum Damage {
    TRUNCATED {
      @Override
      void doTo(Path checkpoint) throws IOException {
        byte[] bytes = Files.readAllBytes(checkpoint.resolve("weights.safetensors"));
        Files.write(
            checkpoint.resolve("weights.safetensors"), Arrays.copyOf(bytes, bytes.length - 1));
      }
    },
    FLIPPED {
      @Override
      void doTo(Path checkpoint) throws IOException {
        byte[] bytes = Files.readAllBytes(checkpoint.resolve("optimizer.safetensors"));
        bytes[bytes.length / 2] ^= 8;
        Files.write(checkpoint.resolve("optimizer.safetensors"), bytes);
      }
    },
    MISSING {
      @Override
      void doTo(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("state.json"));
      }
    },
    NO_MANIFEST {
      @Override
      void doTo(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("manifest.json"));
      }
    },
    DAMAGED_MANIFEST {
      @Override
      void doTo(Path checkpoint) throws IOException {
        Files.writeString(checkpoint.resolve("manifest.json"), "{\"format\": 1, \"st");
      }
    };

    abstract void doTo(Path checkpoint) throws IOException;
  }

  @Test
  void onlyTheNewestAreKept() throws IOException {
    train(
        "two/model",
        new RecordingListener(),
        List.of(),
        settings("max_steps=6 save_steps=1 save_total_limit=2"));
    assertThat(folder.resolve("two/checkpoints").toFile().list())
        .containsOnly("step-000005", "step-000006");

    train(
        "all/model",
        new RecordingListener(),
        List.of(),
        settings("max_steps=6 save_steps=0.5 save_total_limit=0"));
    assertThat(folder.resolve("all/checkpoints").toFile().list())
        .containsOnly("step-000003", "step-000006");
  }

  @Test
  void fewerStepsThanAreTakenTrainNoMoreAndThatIsSaid() throws IOException {
    assertThatThrownBy(
            () -> train("died/model", new DyingListener(5), List.of(), settings("save_steps=2")))
        .isInstanceOf(IllegalStateException.class);
    RecordingListener second = new RecordingListener();

    PhaseResult result = train("died/model", second, List.of(), settings("max_steps=3"));

    assertThat(result.steps()).isEqualTo(4);
    assertThat(second.rows).isEmpty();
    assertThat(second.notes)
        .contains(
            "4 steps are taken already and 3 are asked for: no more is trained, and the result is"
                + " that of step 4");
  }

  /** A file is where the folder of checkpoints should be. */
  @Test
  void aCheckpointThatCantBeWrittenIsANote() throws IOException {
    String[] settings = settings("max_steps=4 save_steps=2");
    train("whole/model", new RecordingListener(), List.of(), settings);
    Files.createDirectory(folder.resolve("other"));
    Files.writeString(folder.resolve("other/checkpoints"), "mine");
    RecordingListener heard = new RecordingListener();

    train("other/model", heard, List.of(), settings);

    assertThat(heard.notes)
        .filteredOn(note -> note.contains("could not be written"))
        .hasSize(2)
        .first()
        .asString()
        .startsWith("the checkpoint of step 2 could not be written: ")
        .endsWith("; there is none before it, and training goes on");
    SavedModels.assertSame(folder.resolve("other/model"), folder.resolve("whole/model"));
    assertThat(folder.resolve("other/checkpoints")).hasContent("mine");
  }

  @Test
  void otherRowsCantBeGoneOnWith() throws IOException {
    String[] settings = settings("max_steps=6 save_steps=2");
    assertThatThrownBy(() -> train("died/model", new DyingListener(3), List.of(), settings))
        .isInstanceOf(IllegalStateException.class);
    run.withRows(30, 12, 40, 22, 17, 35, 28, 19, 44, 24);

    assertThatThrownBy(() -> train("died/model", new RecordingListener(), List.of(), settings))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("step-000002: this checkpoint was written of other rows")
        .hasMessageContaining("remove the folder");
  }

  private PhaseResult train(
      String result, RecordingListener listener, List<List<Set<String>>> turns, String... settings)
      throws IOException {
    Files.createDirectories(folder.resolve(result).getParent());
    PhaseRequest request = run.request(result, settings);
    if (!turns.isEmpty()) {
      List<Set<String>> sets = turns.get(0);
      Set<String> most = new HashSet<>();
      sets.forEach(most::addAll);
      Retargeting moves =
          new Retargeting(
              new RescanEvery.Steps(2),
              most,
              (weights, step) ->
                  new Retargeting.Target(sets.get((int) (step / 2 - 1) % sets.size()), Map.of()));
      request = run.request(result, moves, settings);
    }
    return SftRun.train(request, listener);
  }

  private static String[] settings(String words) {
    return settings(words.split(" "));
  }

  private static String[] settings(String... ofPhase) {
    List<String> settings =
        new ArrayList<>(List.of("phases.one.max_steps=6", "phases.one.micro_batch_size=2"));
    for (String setting : ofPhase) {
      settings.add("phases.one." + setting);
    }
    return settings.toArray(String[]::new);
  }

  /** Asks to stop the n-th time that it is asked. */
  private static final class StoppedListener extends RecordingListener {
    private final int moment;
    private int asked;

    StoppedListener(int moment) {
      this.moment = moment;
    }

    @Override
    public boolean stopRequested() {
      asked++;
      return asked == moment;
    }
  }

  /** Fails at the row of a step, as a process that dies there. */
  private static final class DyingListener extends RecordingListener {
    private final long step;

    DyingListener(long step) {
      this.step = step;
    }

    @Override
    public void metrics(MetricsRow row) {
      if (row.step() == step) {
        throw new IllegalStateException("died");
      }
      super.metrics(row);
    }
  }
}
