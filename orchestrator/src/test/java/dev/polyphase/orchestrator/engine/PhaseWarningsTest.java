package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said before the first phase, and after one that changed nothing. */
class PhaseWarningsTest {
  private static final long GIB = 1L << 30;
  private static final String TWO_PHASES =
      """
      name: two
      base_model: tiny-llama
      defaults: {learning_rate: 0.5, targeting: {method: full}, datasets: [{path: a.jsonl}]}
      phases:
        - {name: first, type: sft}
        - {name: second, type: dpo}
      """;
  private static final String REMEDIES =
      "This would help: gradient_checkpointing: true; targeting.method: snr with a top_percent;"
          + " sequence_len below 2048";
  private static final String FIRST =
      "phase first does not fit: it needs 5.00 GiB, and cpu has 4.00 GiB. " + REMEDIES;
  private static final String SECOND =
      "phase second does not fit: it needs 5.00 GiB, and cpu has 4.00 GiB. " + REMEDIES;
  private static final Reach FAR = new Reach(1, 2, 2, 100, 100, "float32");

  @TempDir Path folder;

  @Test
  void memoryThatWillNotSufficeIsSaidBeforeTheFirstPhase() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.has(new DeviceMemory(4 * GIB, 8 * GIB));

    runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, new Needing(5 * GIB, FAR, 1, ""));

    assertThat(runs.messages().lines().toList().subList(1, 4))
        .satisfiesExactly(
            line -> assertThat(line).isEqualTo(FIRST),
            line -> assertThat(line).isEqualTo(SECOND),
            line -> assertThat(line).startsWith("phase 1/2 first: "));
    assertThat(Files.readAllLines(folder.resolve("runs/two/events.jsonl")).subList(1, 3))
        .satisfiesExactly(
            line -> assertThat(line).contains("\"phase\":\"first\"", FIRST),
            line -> assertThat(line).contains("\"phase\":\"second\"", SECOND));
  }

  @Test
  void aRunThatIsResumedHearsOfThePhasesToCome() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.has(new DeviceMemory(4 * GIB, 8 * GIB));
    PhaseTrainer failing = new Needing(5 * GIB, FAR, 1, "second");
    assertThatThrownBy(() -> runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, failing))
        .isInstanceOf(IOException.class);

    runs.run(TWO_PHASES, Start.RESUME, new Needing(5 * GIB, FAR, 1, ""));

    assertThat(runs.messages().lines().filter(FIRST::equals)).hasSize(1);
    assertThat(runs.messages().lines().filter(SECOND::equals)).hasSize(2);
  }

  /** Of 8 GiB in all; an estimate that is 15 % too high may say 9.2 of a phase that fits. */
  @Test
  void whatCanNeverFitIsRefusedBeforeAnythingIsWritten() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.has(new DeviceMemory(4 * GIB, 8 * GIB));
    PhaseTrainer tooLarge = new Needing(8 * GIB * 115 / 100 + 2, FAR, 1, "");

    assertThatThrownBy(() -> runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, tooLarge))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phase first does not fit: it needs 9.20 GiB, and cpu has 8.00 GiB. %s\nphase second does not fit: it needs 9.20 GiB, and cpu has 8.00 GiB. %s"
                .formatted(REMEDIES, REMEDIES));
    assertThat(folder.resolve("runs")).doesNotExist();

    runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, new Needing(8 * GIB * 115 / 100 - 1, FAR, 1, ""));
    assertThat(runs.messages())
        .contains("phase first does not fit: it needs 9.20 GiB, and cpu has 4.00 GiB. ");
  }

  /** The second phase alone, which would have its turn after days; swap counts. */
  @Test
  void aLaterPhaseAndARunThatIsResumedAreRefusedToo() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.has(swapping(GIB));
    assertThatThrownBy(
            () ->
                runs.run(
                    TWO_PHASES, Start.BEGIN_OR_RESUME, new Needing(10 * GIB, FAR, 1, "second")))
        .isInstanceOf(IOException.class);

    runs.has(swapping(0));
    assertThatThrownBy(() -> runs.run(TWO_PHASES, Start.RESUME, new Needing(10 * GIB, FAR, 1, "")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phase second does not fit: it needs 10.00 GiB, and cpu has 8.00 GiB. " + REMEDIES);
  }

  private static DeviceMemory swapping(long swap) {
    return new DeviceMemory(
        8 * GIB,
        8 * GIB,
        Map.of(),
        8 * GIB,
        new DeviceMemory.Room(8 * GIB + swap, Map.of(), 8 * GIB + swap));
  }

  /** A scan may choose what needs no activations below it, or decide how much it is. */
  @Test
  void whatAScanDecidesIsRefusedForWhatIsCertainAlone() throws IOException {
    String scanning =
        TWO_PHASES.replace("targeting: {method: full}", "targeting: {top_percent: 50}");
    EngineRuns runs = new EngineRuns(folder);
    runs.has(new DeviceMemory(8 * GIB, 8 * GIB));
    MemoryEstimate activations =
        new MemoryEstimate(1, 1, 2 * GIB, 0, 0, 0, null, 0, 0, 100 * GIB, 0, 1);
    runs.run(scanning, Start.BEGIN_OR_RESUME, new Needing(activations, FAR, 1, ""));

    MemoryEstimate weights =
        new MemoryEstimate(1, 1, 2 * GIB, 0, 3 * GIB, 6 * GIB, null, 0, 0, 0, 1, 1);
    assertThatThrownBy(
            () ->
                runs.run(
                    scanning.replace("name: two", "name: certain"),
                    Start.BEGIN_OR_RESUME,
                    new Needing(weights, FAR, 1, "")))
        .isInstanceOf(InputException.class);
    runs.run(
        scanning.replace("name: two", "name: open").replace("50}", "adaptive}"),
        Start.BEGIN_OR_RESUME,
        new Needing(weights, FAR, 1, ""));
  }

  @Test
  void whatFitsIsNoMatter() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.has(new DeviceMemory(5 * GIB, 8 * GIB));

    runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, new Needing(5 * GIB, FAR, 1, ""));

    assertThat(runs.messages()).doesNotContain("fit", "nothing");
    assertThat(runs.json("runs/two/report/report.json").findValues("warnings")).isEmpty();
  }

  @Test
  void ratesThatMoveNothingAreSaidBeforeAndAfter() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    Reach none = new Reach(1e-9, 2e-9, 2e-8, 5000, 0, "bfloat16");

    runs.run(TWO_PHASES, Start.BEGIN_OR_RESUME, new Needing(0, none, 0, ""));

    String after =
        "phase second changed nothing: of the 64 values that it saved 0 differ from before, as its"
            + " rates are too small or its rows give no gradient; raise learning_rate, or set"
            + " save_dtype: float32 where they are narrower";
    assertThat(runs.messages())
        .contains(
            "phase first can change nothing: the learning rates of its 2 steps add up to 2.0e-09,"
                + " and move a value by 2.0e-08 at most, which is less than half the spacing of"
                + " bfloat16 at 5,000 of 5,000 values looked at; raise learning_rate, or set"
                + " save_dtype: float32\n")
        .endsWith(after + "\n");
    assertThat(folder.resolve("runs/two/events.jsonl")).content().contains(after);
    assertThat(runs.json("runs/two/report/report.json").at("/phases/1/warnings/0").textValue())
        .isEqualTo(after);
    assertThat(folder.resolve("runs/two/report/index.html")).content().contains(after);
  }

  @Test
  void ratesThatMoveNextToNothingAndWarmUpsThatNeverEndDeserveAWord() throws IOException {
    EngineRuns runs = new EngineRuns(folder);
    runs.run(
        TWO_PHASES,
        Start.BEGIN_OR_RESUME,
        new Needing(0, new Reach(1e-9, 2e-9, 2e-8, 5000, 49, "float32"), 1, ""));
    assertThat(runs.messages())
        .contains(
            "phase first can change next to nothing: the learning rates of its 2 steps add up to"
                + " 2.0e-09, and move a value by 2.0e-08 at most, which is less than half the"
                + " spacing of float32 at 4,951 of 5,000 values looked at; raise learning_rate\n");

    EngineRuns enough = new EngineRuns(Files.createDirectory(folder.resolve("enough")));
    enough.run(
        TWO_PHASES,
        Start.BEGIN_OR_RESUME,
        new Needing(0, new Reach(1e-9, 2e-9, 2e-8, 5000, 50, "float32"), 1, ""));
    assertThat(enough.messages()).doesNotContain("nothing");

    EngineRuns warmUp = new EngineRuns(Files.createDirectory(folder.resolve("warm-up")));
    warmUp.run(
        TWO_PHASES,
        Start.BEGIN_OR_RESUME,
        new Needing(0, new Reach(0, 0, 0, 5000, 0, "float32"), 1, ""));
    assertThat(warmUp.messages())
        .contains(
            "phase first can change nothing: the highest learning rate of its 2 steps is 0, with"
                + " which a warm-up begins; leave the warm-up out, or train for more steps\n")
        .doesNotContain("add up");
  }

  @Test
  void rowsBeyondTheModelsPositionsDeserveAWord() {
    Phase phase = PipelineReader.parse(TWO_PHASES, "p.yaml", List.of()).phases().get(0);
    assertThat(
            RowWarnings.tooLong(phase, new BeyondPositions(4096, "max_position_embeddings", 6000)))
        .hasValue(
            "phase first: its longest row has 6,000 tokens, and the positions of the model were"
                + " made for 4,096 (max_position_embeddings); a model is poor beyond them until it"
                + " has learned them: set sequence_len: 4096, or a rope scaling in config.json");
    assertThat(RowWarnings.tooLong(phase, new BeyondPositions(4096, "any", 4096))).isEmpty();
    assertThat(RowWarnings.tooLong(phase, null)).isEmpty();
  }

  /** Two dpo phases at a rate of 5e-7 moved all values, and 2.3 % of those that were saved. */
  @Test
  void updatesThatRoundingLosesAreCounted() {
    assertThat(after("save_dtype: base", 23, 1000L))
        .hasValue(
            "phase first lost most of its updates when it was saved: of 1,000 values that they"
                + " moved 23 (2.3 %) differ from before once they are rounded; set save_dtype:"
                + " float32, or save_rounding: stochastic, which keeps small updates in the mean,"
                + " or raise learning_rate");
    assertThat(after("save_dtype: base", 500, 1000L)).isEmpty();
    assertThat(after("save_rounding: stochastic", 23, 1000L)).isEmpty();
    assertThat(after("save_dtype: base", 23, null)).isEmpty();
  }

  private static Optional<String> after(String setting, long changed, @Nullable Long moved) {
    Pipeline pipeline =
        PipelineReader.parse(
            TWO_PHASES.replaceFirst("\n", "\n" + setting + "\n"), "p.yaml", List.of());
    PhaseResult result =
        new PhaseResult(
            9, 99, 2, 2000, 2000, changed, moved, 1, DataCounts.whole(9, 99), null, null, null);
    return RateWarnings.after("first", result, pipeline);
  }

  /**
   * Trains as {@link AddingTrainer} does, and says otherwise.
   *
   * @param need the memory that each phase needs
   * @param reach how far each can move anything
   * @param changed the values that differ from before
   * @param failsIn the phase whose training fails
   */
  private record Needing(MemoryEstimate need, Reach reach, long changed, String failsIn)
      implements PhaseTrainer {
    /** All of it frozen weights. */
    Needing(long bytes, Reach reach, long changed, String failsIn) {
      this(new MemoryEstimate(1, 1, bytes, 0, 0, 0, null, 0, 0, 0, 0, 1), reach, changed, failsIn);
    }

    @Override
    public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
      return new AddingTrainer.Otherwise(
          plan(adding.plan()),
          (start, hears) -> {
            if (request.phase().name().equals(failsIn)) {
              throw new IOException("the disk is on fire");
            }
            PhaseResult did = adding.train(start, hears);
            return new PhaseResult(
                did.steps(),
                1,
                1,
                64,
                64,
                changed,
                changed,
                1,
                DataCounts.whole(1, 1),
                null,
                null,
                null);
          });
    }

    private PhasePlan plan(PhasePlan plan) {
      return new PhasePlan(
          DataCounts.whole(1, 1),
          null,
          List.of(),
          Map.of(),
          List.of(),
          List.of(),
          0,
          plan.steps(),
          0,
          plan.totalTokens(),
          reach,
          1,
          1,
          plan.compute(),
          need,
          plan.deviceNeeds(),
          plan.share(),
          0,
          0,
          null);
    }
  }
}
