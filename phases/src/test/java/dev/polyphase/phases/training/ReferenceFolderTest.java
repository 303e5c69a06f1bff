package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.phases.model.ParameterNames;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Beginning.OtherModel;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Phases whose reference is another model than their own: of another family, with other blocks. */
class ReferenceFolderTest {
  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());
  private Path other = Path.of("");

  @BeforeEach
  void models() throws IOException {
    run = new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(UP)).withRows(40, 30, 20);
    other = Fixture.QWEN2.copyTo(folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "[cpu, cpu]"})
  void itIsOpenedBesideThePhasesOwn(String device) throws IOException {
    List<float[]> found = new ArrayList<>();
    List<String> weights = new ArrayList<>();
    List<TokenBatch> batches = new ArrayList<>();
    Compared compared =
        new Compared(
            run,
            (start, own) -> {
              try (OtherModel.Opened opened = start.other().open()) {
                TokenBatch batch =
                    own.step(List.of(start.microBatches().get(0))).microBatches().get(0).tokens();
                batches.add(batch);
                found.add(opened.model().logProbs(batch));
                found.add(start.model().logProbs(batch));
                assertThat(opened.model().trained().names()).isEmpty();
                weights.add(opened.weights().text());
                weights.add(start.weights().text());
              }
            });
    train(compared, Compared.request(run, "tiny-qwen2", "device=" + device));

    assertThat(found.get(0)).isEqualTo(logProbs(other, batches.get(0)));
    assertThat(found.get(1)).isEqualTo(logProbs(run.base(), batches.get(0)));
    assertThat(weights).doesNotHaveDuplicates();
  }

  @Test
  void itsWeightsAreToldFromThoseOfAnotherConfiguration() throws IOException {
    List<String> weights = new ArrayList<>();
    Compared compared =
        new Compared(
            run,
            (start, own) -> {
              try (OtherModel.Opened opened = start.other().open()) {
                weights.add(opened.weights().text());
              }
            });
    PhaseRequest request = Compared.request(run, "tiny-qwen2");
    train(compared, request);
    Path config = other.resolve("config.json");
    String text = Files.readString(config);
    assertThat(text).contains("\"rms_norm_eps\": 1e-06");
    Files.writeString(config, text.replace("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-05"));
    train(
        compared,
        new PhaseRequest(
            request.pipeline(), request.phase(), folder, request.start(), folder.resolve("again")));

    assertThat(weights).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void wherePhasesNameNoneThereIsNone() throws IOException {
    Compared compared =
        new Compared(
            run,
            (start, own) ->
                assertThatThrownBy(() -> start.other().open())
                    .isInstanceOf(IllegalStateException.class));

    train(compared, Compared.request(run, "shared"));
  }

  /** All of it before anything is trained. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nowhere | nowhere: phases.one.dpo.reference: there is no such folder; name the folder of a model",
        "rows.jsonl | rows.jsonl: phases.one.dpo.reference: this is a file, but a model is a folder with config.json and safetensors files",
      })
  void whatIsNoModelIsRefused(String reference, String problem) {
    assertRefused(reference, problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Qwen2ForCausalLM | OtherForCausalLM | tiny-qwen2/config.json: phases.one.dpo.reference: ",
        "\"hidden_size\" | \"hidden_sizes\" | tiny-qwen2/config.json: phases.one.dpo.reference: ",
      })
  void whatIsNotUnderstoodIsRefused(String was, String is, String problem) throws IOException {
    Path config = other.resolve("config.json");
    String text = Files.readString(config);
    assertThat(text).contains(was);
    Files.writeString(config, text.replace(was, is));

    assertRefused("tiny-qwen2", problem);
  }

  @Test
  void aFolderWithoutAConfigurationIsRefused() throws IOException {
    Files.delete(other.resolve("config.json"));

    assertRefused(
        "tiny-qwen2",
        "tiny-qwen2/config.json: phases.one.dpo.reference: is missing: a model's folder needs its config.json");
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    Path config = folder.resolve("larger.json");
    Files.writeString(
        config,
        Files.readString(other.resolve("config.json"))
            .replace("\"vocab_size\": 272", "\"vocab_size\": 300"));
    new RandomModels().outline(config, other, Files.createDirectory(folder.resolve("larger")));

    assertRefused(
        "larger",
        "larger: phases.one.dpo.reference: this model has 300 tokens and the phase's own has 272, but both must read the same rows; name a model of the same vocabulary");
  }

  private void assertRefused(String reference, String problem) {
    assertThatThrownBy(() -> plan(Compared.request(run, reference)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder + "/" + problem);
  }

  @Test
  void aSharedReferenceCountsWhatIsTrainedOnceMore() throws IOException {
    // 160 x 64 values.
    MemoryEstimate mapped = memory("shared");
    MemoryEstimate copied = memory("shared", "dtype=bfloat16");

    // tiny-llama has 207,424 values, float32 on disk.
    assertThat(mapped.mappedBytes()).isEqualTo(207_424 * 4);
    assertThat(mapped.referenceBytes()).isZero();
    assertThat(copied.mappedBytes()).isZero();
    assertThat(copied.referenceBytes()).isEqualTo(10_240 * 2);
    assertThat(copied.unmappedBytes())
        .isEqualTo(memory("precomputed", "dtype=bfloat16").unmappedBytes() + 10_240 * 2);
  }

  /** The pass of a large one is the peak of a phase that trains little, and nothing of others. */
  @Test
  void anotherModelCountsWhereItsPassNeedsMoreThanTraining() throws IOException {
    MemoryEstimate alone = memory("precomputed", "dtype=bfloat16");
    MemoryEstimate beside = memory("tiny-qwen2", "dtype=bfloat16");
    long values =
        Checkpoint.open(other).tensors().stream().mapToLong(tensor -> tensor.elements()).sum();

    long loaded = alone.frozenBytes() + alone.masterBytes() + values * 2;
    assertThat(beside.unmappedBytes()).isGreaterThan(loaded);
    assertThat(beside.unmappedBytes() - beside.referenceBytes()).isEqualTo(alone.unmappedBytes());

    MemoryEstimate everything =
        plan(Compared.request(
                new SftRun(folder, run.base(), ParameterNames.of(run.base())),
                "tiny-qwen2",
                "dtype=bfloat16"))
            .memory();
    assertThat(everything.referenceBytes()).isZero();
  }

  @Test
  void placesNeedWhatEitherMomentTakes() throws IOException {
    List<DeviceNeed> alone = needs("precomputed");
    List<DeviceNeed> shared = needs("shared");
    List<DeviceNeed> beside = needs("tiny-qwen2");

    for (int place = 0; place < 2; place++) {
      assertThat(beside.get(place).bytes()).isGreaterThan(alone.get(place).bytes());
    }
    // UP is of the third block, which is with those below it.
    assertThat(alone.get(0).blocks()).isEqualTo(3);
    assertThat(shared.get(0).bytes() - alone.get(0).bytes()).isEqualTo(10_240 * 2);
    assertThat(shared.get(1)).isEqualTo(alone.get(1));
  }

  private List<DeviceNeed> needs(String reference) throws IOException {
    return plan(Compared.request(run, reference, "dtype=bfloat16", "device=[cpu, cpu]"))
        .deviceNeeds();
  }

  private MemoryEstimate memory(String reference, String... settings) throws IOException {
    return plan(Compared.request(run, reference, settings)).memory();
  }

  private PhasePlan plan(PhaseRequest request) throws IOException {
    return new Compared(run, (start, own) -> {})
        .trainer()
        .prepare(request, ReadingListener.NOBODY)
        .plan();
  }

  private static void train(Compared compared, PhaseRequest request) throws IOException {
    SftRun.train(compared.trainer(), request, new RecordingListener());
  }

  private static float[] logProbs(Path checkpoint, TokenBatch batch) throws IOException {
    Checkpoint opened = Checkpoint.open(checkpoint);
    try (Transformer model =
        Transformer.load(opened, ConfigReader.read(opened), "cpu", Precision.FLOAT32)) {
      return model.logProbs(batch);
    }
  }
}
