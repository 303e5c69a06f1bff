package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code modules} means, on a small mixture of experts in both layouts. */
final class ScanTargetsTest {
  private static final String FUSED = "model.layers.1.mlp.experts.gate_up_proj";

  @TempDir Path folder;
  private Checkpoint checkpoint;

  @BeforeEach
  void write() throws IOException {
    checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.mlp.experts.0.down_proj.weight", 2, 3)
            .tensor("model.layers.0.mlp.experts.1.down_proj.weight", 2, 3)
            .tensor("model.layers.0.mlp.gate.weight", 2, 3)
            .tensor("model.layers.0.mlp.gate.bias", 2)
            .tensor(FUSED, 2, 3, 4)
            .tensor("model.layers.1.mlp.gate.weight", 2, 3)
            .tensor("model.norm.weight", 3)
            .writeTo(folder);
  }

  @Test
  void eachExpertIsATypeOfItsOwn() throws IOException {
    List<ScanTarget> targets =
        ScanTargets.of(checkpoint, List.of("all"), Profile.SPECTRUM).targets();

    assertThat(targets)
        .extracting(ScanTarget::type)
        .containsExactly(
            "mlp.experts.0.down_proj",
            "mlp.experts.1.down_proj",
            "mlp.experts.gate_up_proj[0]",
            "mlp.experts.gate_up_proj[1]",
            "mlp.gate",
            "mlp.gate",
            "model.norm");
    assertThat(targets)
        .extracting(ScanTarget::parameters)
        .containsExactly(6L, 6L, 12L, 12L, 8L, 6L, 3L);
  }

  @Test
  void fusedExpertsAreMeasuredPartByPart() throws IOException {
    Scan scan =
        Rescanner.scan(
            ScanTargets.of(checkpoint, List.of("re:experts\\.gate_up"), Profile.SPECTRUM),
            Measure.PUBLISHED,
            new JavaSingularValues(),
            (module, done, total) -> {});

    // The tensor holds 1 to 24; expert 1 is 13 to 24 in rows of 4.
    double[][] second = {{13, 14, 15, 16}, {17, 18, 19, 20}, {21, 22, 23, 24}};
    float[] values = JavaSingularValues.of(new Array2DRowRealMatrix(second));
    assertThat(scan.modules()).hasSize(2);
    ModuleSpectrum measured = scan.modules().get(1);
    assertThat(measured.target().module().text()).isEqualTo(FUSED + "[1]");
    assertThat(measured.spectrum().rows()).isEqualTo(3);
    assertThat(measured.spectrum().columns()).isEqualTo(4);
    assertThat(measured.spectrum().largest()).isCloseTo(values[0], withPercentage(1e-4));
  }

  @Test
  void typesFindFusedExpertsWhereThePublishedScannerFindsNothing() throws IOException {
    for (Profile profile : Profile.values()) {
      assertThat(ScanTargets.of(checkpoint, List.of("experts.gate_up_proj"), profile).targets())
          .extracting(target -> target.tensor().name() + " " + target.type())
          .containsExactly(FUSED + "[0] experts.gate_up_proj", FUSED + "[1] experts.gate_up_proj");
    }
    assertThat(names("experts", Profile.SPECTRUM))
        .containsExactly(
            "model.layers.0.mlp.experts.0.down_proj", "model.layers.0.mlp.experts.1.down_proj");
    assertThat(names("experts", Profile.ROBUST))
        .containsExactly(
            "model.layers.0.mlp.experts.0.down_proj",
            "model.layers.0.mlp.experts.1.down_proj",
            FUSED + "[0]",
            FUSED + "[1]");
  }

  @Test
  void aStarIsAnyNumberSoThatAllExpertsAreOneType() throws IOException {
    assertThat(ScanTargets.of(checkpoint, List.of("mlp.experts.*.down_proj")).targets())
        .extracting(target -> target.module().text() + " " + target.type())
        .containsExactly(
            "model.layers.0.mlp.experts.0.down_proj mlp.experts.*.down_proj",
            "model.layers.0.mlp.experts.1.down_proj mlp.experts.*.down_proj");
    assertThat(names("layers.*.mlp.gate", Profile.SPECTRUM))
        .containsExactly("model.layers.0.mlp.gate", "model.layers.1.mlp.gate");
    assertThatThrownBy(() -> ScanTargets.of(checkpoint, List.of("mlp.*.down_proj")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'mlp.*.down_proj'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // As Llama.
        "self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn.o_proj mlp.gate_proj"
            + " mlp.up_proj mlp.down_proj | mlp.down_proj mlp.gate_proj mlp.up_proj"
            + " self_attn.k_proj self_attn.o_proj self_attn.q_proj self_attn.v_proj",
        // As Phi-3.
        "self_attn.qkv_proj self_attn.o_proj mlp.gate_up_proj mlp.down_proj"
            + " | mlp.down_proj mlp.gate_up_proj self_attn.o_proj self_attn.qkv_proj",
        // As Qwen3's mixtures.
        "self_attn.q_proj self_attn.q_norm mlp.gate mlp.experts.0.gate_proj"
            + " mlp.experts.11.gate_proj mlp.experts.0.down_proj"
            + " | mlp.experts.*.down_proj mlp.experts.*.gate_proj self_attn.q_proj",
        // As Mixtral.
        "self_attn.q_proj block_sparse_moe.gate block_sparse_moe.experts.0.w1"
            + " block_sparse_moe.experts.1.w2 block_sparse_moe.experts.7.w3"
            + " | block_sparse_moe.experts.*.w1 block_sparse_moe.experts.*.w2"
            + " block_sparse_moe.experts.*.w3 self_attn.q_proj",
      })
  void projectionsAreThoseThatTheModelHas(String modules, String types) throws IOException {
    HandMadeCheckpoint tensors = new HandMadeCheckpoint();
    for (String module : modules.split(" ", -1)) {
      tensors.tensor("model.layers.3." + module + ".weight", 2, 2);
      tensors.tensor("model.layers.12." + module + ".weight", 2, 2);
    }
    tensors.tensor("model.embed_tokens.weight", 2, 2).tensor("lm_head.weight", 2, 2);
    Checkpoint model = tensors.tensor("model.norm.weight", 2).writeTo(folder);

    ScanTargets projections = ScanTargets.of(model, List.of("projections"));

    assertThat(String.join(" ", projections.modulesPerType().keySet())).isEqualTo(types);
    assertThat(ScanTargets.of(model, List.of(types.split(" ", -1)))).isEqualTo(projections);
  }

  @Test
  void projectionsOfFusedExpertsAreRankedWithEachOther() throws IOException {
    Checkpoint model =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.mlp.experts.gate_up_proj", 3, 2, 4)
            .tensor("model.layers.0.mlp.experts.gate_up_proj_bias", 3, 4)
            .tensor("model.layers.0.mlp.router.weight", 3, 2)
            .tensor("model.layers.0.self_attn.sinks", 2)
            .tensor("model.layers.0.self_attn.q_proj.weight", 2, 2)
            .tensor("model.layers.1.mlp.experts.gate_up_proj", 3, 2, 4)
            .writeTo(folder);

    ScanTargets projections = ScanTargets.of(model, List.of("projections"));

    assertThat(projections.modulesPerType())
        .containsExactly(entry("mlp.experts.gate_up_proj", 6), entry("self_attn.q_proj", 1));
    // The first layer's have biases too.
    assertThat(projections.targets())
        .extracting(ScanTarget::parameters)
        .containsExactly(12L, 12L, 12L, 8L, 8L, 8L, 4L);
  }

  @Test
  void aModelWithoutProjectionsIsToldSoOnce() throws IOException {
    Checkpoint model =
        new HandMadeCheckpoint()
            .tensor("transformer.h.0.attn.c_attn.weight", 2, 2)
            .tensor("transformer.h.0.attn.c_proj_out.weight", 2, 2)
            .writeTo(folder);
    assertThatThrownBy(() -> ScanTargets.of(model, List.of("projections")))
        .isInstanceOfSatisfying(
            InputException.class,
            wrong ->
                assertThat(wrong.problems())
                    .singleElement()
                    .asString()
                    .contains(
                        "'projections' names no module of this model: none in a layer is called"
                            + " ..._proj; its module types are attn.c_attn, attn.c_proj_out"));
  }

  @Test
  void ofALargerModelTheTextModelAloneIsScanned() throws IOException {
    Checkpoint model =
        new HandMadeCheckpoint()
            .tensor("language_model.model.embed_tokens.weight", 2, 2)
            .tensor("language_model.lm_head.weight", 2, 2)
            .tensor("language_model.model.layers.0.self_attn.q_proj.weight", 2, 2)
            .tensor("vision_tower.layers.0.self_attn.q_proj.weight", 2, 2)
            .tensor("multi_modal_projector.linear_1.weight", 2, 2)
            .writeTo(folder);

    assertThat(ScanTargets.of(model, List.of("all")).targets())
        .extracting(target -> target.module().text())
        .containsExactly(
            "language_model.lm_head",
            "language_model.model.embed_tokens",
            "language_model.model.layers.0.self_attn.q_proj");
    assertThat(ScanTargets.noteOfOtherParts(model))
        .contains(
            "the text model alone is scanned and trained; 2 tensors beside it"
                + " (multi_modal_projector, vision_tower) stay as they are");
    assertThat(ScanTargets.noteOfOtherParts(checkpoint)).isEmpty();
  }

  @Test
  void expressionsAreFoundAnywhereAndRankByTheirOwnType() throws IOException {
    assertThat(ScanTargets.of(checkpoint, List.of("re:layers\\.0\\.mlp\\.gate$", "norm")).targets())
        .extracting(target -> target.module().text() + " " + target.type())
        .containsExactly("model.layers.0.mlp.gate mlp.gate", "model.norm norm");
    assertThatThrownBy(() -> ScanTargets.of(checkpoint, List.of("re:(", "re:nothing", "none")))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(3))
        .hasMessageContaining("'re:(' is no regular expression")
        .hasMessageContaining("'re:nothing' names no module");
  }

  /** FP8 keeps the names and the shapes, and scales of blocks beside them. */
  @Test
  void quantisedWeightsAreNotMeasured() throws IOException {
    String module = "model.layers.0.self_attn.q_proj";
    Checkpoint fp8 =
        new HandMadeTensors()
            .bytes(module + ".weight", "F8_E4M3", List.of(2L, 3L), new byte[6])
            .float32(module + ".weight_scale_inv", List.of(1L, 1L), 1)
            .float32("model.layers.0.self_attn.o_proj.weight", List.of(2L, 2L), 1, 2, 3, 4)
            .writeTo(folder);

    for (String entry : List.of("self_attn.q_proj", "all", "mlp.down_proj")) {
      assertThatThrownBy(() -> ScanTargets.of(fp8, List.of(entry)))
          .isInstanceOf(InputException.class)
          .hasMessage(
              folder
                  + ": the model has tensors of the dtypes of quantised weights, as "
                  + module
                  + ".weight (F8_E4M3), and quantised weights are neither scanned nor trained; use"
                  + " the model as it was before, in bfloat16 or float32");
    }
    assertThat(ScanTargets.of(fp8, List.of("self_attn.o_proj")).targets()).hasSize(1);
  }

  @Test
  void aModelThatLacksModulesAsItIsQuantisedSaysSo() throws IOException {
    new HandMadeTensors()
        .bytes("model.layers.0.mlp.down_proj.qweight", "I32", List.of(1L, 2L), new byte[8])
        .float32("model.norm.weight", List.of(2L), 1, 1)
        .writeTo(folder);
    Files.writeString(
        folder.resolve("config.json"),
        "{\"quantization_config\": {\"bits\": 4, \"quant_method\": \"gptq\"}}");

    assertThatThrownBy(() -> ScanTargets.of(Checkpoint.open(folder), List.of("mlp.down_proj")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder
                + "/config.json: quantization_config.quant_method is \"gptq\", and quantised"
                + " weights are neither scanned nor trained; use the model as it was before, in"
                + " bfloat16 or float32");
  }

  /** As gpt-oss is published: its experts are packed under names of no modules. */
  @Test
  void expertsThatArePackedAreNotLeftOutWithoutAWord() throws IOException {
    String experts = "model.layers.0.mlp.experts.gate_up_proj";
    new HandMadeTensors()
        .bytes(experts + "_blocks", "U8", List.of(2L, 2L, 1L, 2L), new byte[8])
        .bytes(experts + "_scales", "U8", List.of(2L, 2L, 1L), new byte[4])
        .float32(experts + "_bias", List.of(2L, 2L), 1, 2, 3, 4)
        .float32("model.layers.0.self_attn.q_proj.weight", List.of(2L, 2L), 1, 2, 3, 4)
        .float32("model.embed_tokens.weight", List.of(2L, 2L), 1, 2, 3, 4)
        .writeTo(folder);

    for (String config :
        List.of("{}", "{\"quantization_config\": {\"quant_method\": \"mxfp4\"}}")) {
      Files.writeString(folder.resolve("config.json"), config);
      Checkpoint mxfp4 = Checkpoint.open(folder);
      for (String entry : List.of("projections", "re:proj", "all")) {
        assertThatThrownBy(() -> ScanTargets.of(mxfp4, List.of(entry)))
            .isInstanceOf(InputException.class)
            .hasMessageContaining("quantised weights are neither scanned nor trained")
            .hasMessageContaining(config.equals("{}") ? experts + "_blocks (U8)" : "mxfp4");
      }
      assertThat(ScanTargets.of(mxfp4, List.of("self_attn.q_proj")).targets()).hasSize(1);
    }
  }

  @Test
  void projectionsOfAModelThatHasNoneAreOneError() throws IOException {
    Checkpoint model =
        new HandMadeCheckpoint()
            .tensor("h.0.attn.c_attn.weight", 2, 2)
            .tensor("h.0.mlp.c_fc.weight", 2, 2)
            .writeTo(folder);

    assertThatThrownBy(() -> ScanTargets.of(model, List.of("projections")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "'projections' names no module of this model: none in a layer is called ..._proj; its"
                + " module types are attn.c_attn, mlp.c_fc");
  }

  private List<String> names(String type, Profile profile) throws IOException {
    return ScanTargets.of(checkpoint, List.of(type), profile).targets().stream()
        .map(target -> target.module().text())
        .toList();
  }
}
