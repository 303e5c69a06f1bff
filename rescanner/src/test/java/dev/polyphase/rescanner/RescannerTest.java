package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RescannerTest {
  @TempDir Path folder;

  @Test
  void brokenWeightsAreNamedAndRankLast() throws IOException {
    float[] sound = {1, 2, 3, 4, 5, 7, 1, 1, 2, 0, 1, 3};
    float[] nan = sound.clone();
    nan[5] = Float.NaN;
    float[] infinite = sound.clone();
    infinite[0] = Float.NEGATIVE_INFINITY;
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("layers.0.mlp.weight", nan, 4, 3)
            .tensor("layers.1.mlp.weight", infinite, 3, 4)
            .tensor("layers.2.mlp.weight", sound, 4, 3)
            .writeTo(folder);

    for (Profile profile : Profile.values()) {
      Scan scan;
      try (SingularValues libtorch = new LibtorchSingularValues("cpu")) {
        ScanTargets targets = ScanTargets.of(checkpoint, List.of("mlp"), profile);
        Measure measure = new Measure(profile, Metric.SNR);
        scan = Rescanner.scan(targets, measure, libtorch, (module, done, total) -> {});
      }

      assertThat(scan.notes())
          .containsExactly(
              "layers.0.mlp.weight holds NaN or infinity and ranks last",
              "layers.1.mlp.weight holds NaN or infinity and ranks last");
      assertThat(scan.snrs()).extracting(ModuleSnr::snr).startsWith(Double.NaN, Double.NaN);
      assertThat(Selection.of(scan.snrs(), 34, profile).modules()).containsExactly("layers.2.mlp");
    }
  }

  @Test
  void ofManyBrokenWeightsTheFirstAreNamedAndTheRestCounted() throws IOException {
    HandMadeCheckpoint hand = new HandMadeCheckpoint();
    float[] broken = {1, Float.NaN, 3, 4};
    for (int i = 0; i < 7; i++) {
      hand.tensor("layers." + i + ".mlp.weight", broken, 2, 2);
      hand.tensor("layers." + i + ".norm.weight", new float[] {Float.POSITIVE_INFINITY}, 1);
    }
    Checkpoint checkpoint = hand.tensor("layers.7.mlp.weight", 2, 2).writeTo(folder);
    SingularValues values =
        tensor ->
            tensor.name().startsWith("layers.7")
                ? new float[] {2, 1}
                : new float[] {Float.NaN, Float.NaN};

    Scan scan = Rescanner.scan(checkpoint, List.of("mlp"), values, (module, done, total) -> {});

    assertThat(scan.notes())
        .hasSize(6)
        .startsWith("layers.0.mlp.weight holds NaN or infinity and ranks last")
        .endsWith("2 more tensors hold NaN or infinity too");
    assertThat(NotFinite.besides(scan, checkpoint))
        .hasSize(6)
        .startsWith("layers.0.norm.weight holds NaN or infinity; start from sound weights")
        .endsWith("2 more tensors do so too");
  }

  @Test
  void ordersTypesAsPublishedAndLayersByNumber() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.10.mlp.up_proj.weight", 2, 2)
            .tensor("model.layers.2.mlp.up_proj.weight", 2, 2)
            .tensor("model.layers.2.mlp.up_proj.bias", 2)
            .tensor("model.layers.2.input_layernorm.weight", 2)
            .tensor("model.embed_tokens.weight", 3, 2)
            .tensor("lm_head.weight", 3, 2)
            .writeTo(folder);

    List<String> types = List.of("model.embed_tokens", "mlp.up_proj", "lm_head", "input_layernorm");

    assertThat(scan(checkpoint, types).snrs())
        .extracting(ModuleSnr::module)
        .containsExactly(
            "model.layers.2.input_layernorm",
            "lm_head",
            "model.layers.2.mlp.up_proj",
            "model.layers.10.mlp.up_proj",
            "model.embed_tokens");
  }

  @Test
  void moduleOfSeveralTypesKeepsItsPlaceAndTakesTheLastType() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.mlp.gate.weight", 2, 2)
            .tensor("model.layers.0.mlp.gate_proj.weight", 2, 2)
            .tensor("model.layers.1.mlp.gate.weight", 2, 2)
            .writeTo(folder);

    assertThat(scan(checkpoint, List.of("mlp.gate_proj", "mlp.gate", "mlp.gate")).snrs())
        .extracting(ModuleSnr::module, ModuleSnr::type)
        .containsExactly(
            tuple("model.layers.0.mlp.gate", "mlp.gate"),
            tuple("model.layers.0.mlp.gate_proj", "mlp.gate_proj"),
            tuple("model.layers.1.mlp.gate", "mlp.gate"));
  }

  @Test
  void tiedHeadIsMeasuredOnceAndCountsTwice() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.QWEN2.copyTo(folder));
    List<String> measured = new ArrayList<>();
    SingularValues counting =
        tensor -> {
          measured.add(tensor.name());
          return new JavaSingularValues().of(tensor);
        };

    Scan scan =
        Rescanner.scan(
            checkpoint, List.of("lm_head", "embed_tokens"), counting, (module, done, total) -> {});

    assertThat(scan.snrs())
        .extracting(ModuleSnr::module)
        .containsExactly("model.embed_tokens", "lm_head");
    assertThat(scan.snrs().get(0).snr()).isEqualTo(scan.snrs().get(1).snr()).isPositive();
    assertThat(measured).containsExactly("model.embed_tokens.weight");
  }

  @ParameterizedTest
  @CsvSource({
    "true, , model.embed_tokens.weight model.embed_tokens.weight",
    "true, 4, lm_head.weight model.embed_tokens.weight",
    "true, 9, lm_head.weight model.embed_tokens.weight",
    "false, 4, lm_head.weight model.embed_tokens.weight",
    "false, , model.embed_tokens.weight",
  })
  void modulesAreThoseThatExist(boolean tied, @Nullable Float lastOfHead, String tensors)
      throws IOException {
    HandMadeCheckpoint checkpoint =
        new HandMadeCheckpoint()
            .config("{\"tie_word_embeddings\": %b}".formatted(tied))
            .tensor("model.embed_tokens.weight", 2, 2);
    if (lastOfHead != null) {
      checkpoint.tensor("lm_head.weight", new float[] {1, 2, 3, lastOfHead}, 2, 2);
    }

    assertThat(ScanTargets.of(checkpoint.writeTo(folder), List.of("all")).targets())
        .extracting(target -> target.tensor().name())
        .containsExactlyInAnyOrder(tensors.split(" "));
  }

  @Test
  void headOfItsOwnIsNotTiedWhateverTheConfigSays() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .config("{\"tie_word_embeddings\": true}")
            .tensor("lm_head.weight", 2, 3)
            .tensor("model.embed_tokens.weight", 2, 2)
            .writeTo(folder);

    assertThat(ScanTargets.of(checkpoint, List.of("lm_head")).targets())
        .extracting(target -> target.tensor().name())
        .containsExactly("lm_head.weight");
  }

  @Test
  void whatIsNoMatrixIsNotANumber() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("conv.weight", 2, 2, 2)
            .tensor("empty.weight", 0, 2)
            .tensor("norm.weight", 5)
            .tensor("scalar.weight")
            .writeTo(folder);

    assertThat(scan(checkpoint, List.of("conv", "empty", "norm", "scalar")).snrs())
        .extracting(ModuleSnr::snr)
        .containsExactly(Double.NaN, Double.NaN, 1.0, Double.NaN);
  }

  @Test
  void everyUnknownTypeIsNamed() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.QWEN3_NORMS.copyTo(folder));

    assertThatThrownBy(() -> scan(checkpoint, List.of("mlp.c_fc", "mlp.up_proj", "attn.w")))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(2))
        .hasMessageContaining("'attn.w'")
        .hasMessageContaining(
            "'mlp.c_fc'; its module types are input_layernorm, lm_head, mlp.down_proj,"
                + " mlp.gate_proj, mlp.up_proj, model.embed_tokens, model.norm,"
                + " post_attention_layernorm, self_attn.k_norm, self_attn.k_proj,"
                + " self_attn.o_proj, self_attn.q_norm, self_attn.q_proj, self_attn.v_proj");
    assertThatThrownBy(() -> scan(checkpoint, List.of())).isInstanceOf(InputException.class);
    assertThatThrownBy(() -> scan(checkpoint, List.of("mlp.up_proj", "")))
        .isInstanceOf(InputException.class);
  }

  @Test
  void configThatIsNoJsonIsNamed() throws IOException {
    Path model = Fixture.QWEN2.copyTo(folder);
    Files.writeString(model.resolve("config.json"), "{\n  \"tie_word_embeddings\": yes}");
    Checkpoint checkpoint = Checkpoint.open(model);

    assertThatThrownBy(() -> scan(checkpoint, List.of("mlp.up_proj")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("config.json:2:");

    Files.writeString(model.resolve("config.json"), "[".repeat(1_500));
    assertThatThrownBy(() -> scan(checkpoint, List.of("mlp.up_proj")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("config.json:1:1001: this is no JSON: it is nested");
  }

  private static Scan scan(Checkpoint checkpoint, List<String> types) throws IOException {
    return Rescanner.scan(checkpoint, types, new JavaSingularValues(), (module, done, total) -> {});
  }
}
