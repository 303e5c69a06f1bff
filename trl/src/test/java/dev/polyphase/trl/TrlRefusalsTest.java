package dev.polyphase.trl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.preparation.ModelParts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused for the model's sake, before any Python is asked. */
class TrlRefusalsTest {
  private static final String ATTENTION = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, model.layers.0.mlp.experts.1.down_proj.weight",
    "mixtral, model.layers.1.block_sparse_moe.experts.0.w2.weight",
    "gpt-oss, model.layers.1.mlp.experts.down_proj[2]",
  })
  void someOfALayersExpertsAreNot(String family, String expert) throws IOException {
    assertThat(refused(family, ATTENTION, expert))
        .singleElement()
        .asString()
        .isEqualTo(
            "it would train "
                + expert
                + ", but engine trl has all of a layer's experts in one tensor; set"
                + " targeting.modules to types of attention, as self_attn.q_proj, or leave engine"
                + " out");
    assertThat(refused(family, ATTENTION)).isEmpty();
  }

  @Test
  void ofManyExpertsOneIsNamed() throws IOException {
    assertThat(
            refused(
                "gpt-oss",
                "model.layers.0.mlp.experts.gate_up_proj[0]",
                "model.layers.1.mlp.experts.down_proj[2]"))
        .singleElement()
        .asString()
        .startsWith(
            "it would train model.layers.0.mlp.experts.gate_up_proj[0] and others, but engine trl");
  }

  @Test
  void theLossOfRoutingIsNot() throws IOException {
    assertThat(refusedWithLossOfRouting(ATTENTION))
        .singleElement()
        .asString()
        .startsWith("config.json has output_router_logits: true, but engine trl does not add");
  }

  @Test
  void expertsAreRefusedBesideTheLossOfRouting() throws IOException {
    String expert = "model.layers.1.block_sparse_moe.experts.0.w2.weight";
    assertThat(refusedWithLossOfRouting(ATTENTION, expert))
        .hasSize(2)
        .last()
        .asString()
        .startsWith("it would train " + expert + ", but engine trl");
  }

  /** A dynamic scaling of a context of fewer tokens than the rows may have. */
  @Test
  void rowsAsLongAsTheirLengthMattersAreNot() throws IOException {
    assertThat(refused("llama-dynamic", ATTENTION))
        .singleElement()
        .asString()
        .startsWith("sequence_len: 48, but engine trl turns all rows of a micro-batch as its")
        .endsWith("; give 16 or less, or leave engine out");
    assertThat(refused("llama-yarn", ATTENTION)).isEmpty();
  }

  private List<String> refused(String family, String... trained) throws IOException {
    Path place = Files.createTempDirectory(folder, family);
    PhaseRequest request =
        EngineRunner.of(place, FamilyModel.of(family), trained).request("result");
    return TrlRefusals.of(ModelParts.of(request), request.phase());
  }

  private List<String> refusedWithLossOfRouting(String... trained) throws IOException {
    Path place = Files.createTempDirectory(folder, "asked");
    EngineRunner runner = EngineRunner.of(place, FamilyModel.of("mixtral"), trained);
    PhaseRequest request = runner.request("result");
    Path config = request.start().checkpoint().resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"output_router_logits\": false", "\"output_router_logits\": true"));
    return TrlRefusals.of(ModelParts.of(request), request.phase());
  }
}
