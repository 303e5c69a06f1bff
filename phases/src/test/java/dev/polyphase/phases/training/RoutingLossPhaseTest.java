package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.phases.api.MetricsRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases of mixtures whose configuration asks for the loss of routing. */
class RoutingLossPhaseTest {
  private static final String ROUTERS = "model.layers.%d.block_sparse_moe.gate.weight";

  @TempDir Path folder;

  @Test
  void isAPartOfTheLossAndAFigureOfItsOwn() throws IOException {
    List<MetricsRow> plain = rows("plain", "\"output_router_logits\": false", 0.001, 2);
    List<MetricsRow> little = rows("little", "\"output_router_logits\": true", 0.25, 2);
    List<MetricsRow> much = rows("much", "\"output_router_logits\": true", 1.5, 2);

    for (String before : List.of("", "eval_")) {
      double aux = first(little, before + "aux_loss");
      assertThat(aux).isBetween(1.9, 2.5);
      assertThat(first(much, before + "aux_loss")).isEqualTo(aux);
      assertThat(first(little, before + "loss") - first(plain, before + "loss"))
          .isCloseTo(0.25 * aux, within(1e-5));
      assertThat(first(much, before + "loss") - first(plain, before + "loss"))
          .isCloseTo(1.5 * aux, within(1e-5));
    }
    assertThat(plain).noneMatch(row -> row.values().containsKey("aux_loss"));
  }

  /** 2 is what experts of equal shares give. */
  @Test
  void itsGradientsBalanceExperts() throws IOException {
    List<MetricsRow> rows = rows("long", "\"output_router_logits\": true", 10, 30);

    List<Double> figures =
        rows.stream()
            .filter(row -> row.values().containsKey("aux_loss"))
            .map(row -> row.values().get("aux_loss").doubleValue())
            .toList();
    assertThat(figures).hasSize(30);
    assertThat(figures.get(0)).isGreaterThan(2.005);
    assertThat(figures.get(29) - 2).isLessThan((figures.get(0) - 2) / 2);
  }

  private static double first(List<MetricsRow> rows, String figure) {
    return rows.stream()
        .filter(row -> row.values().containsKey(figure))
        .findFirst()
        .orElseThrow()
        .values()
        .get(figure)
        .doubleValue();
  }

  private List<MetricsRow> rows(String name, String asked, double weight, int steps)
      throws IOException {
    Path place = Files.createDirectory(folder.resolve(name));
    Path base = FamilyModel.of("mixtral").copyTo(place);
    Path config = base.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"output_router_logits\": false", asked)
            .replace("\"router_aux_loss_coef\": 0.001", "\"router_aux_loss_coef\": " + weight));
    RecordingListener heard = new RecordingListener();
    Set<String> trained =
        Set.of(ROUTERS.formatted(1), ROUTERS.formatted(2), "model.layers.0.input_layernorm.weight");
    new SftRun(place, base, trained)
        .withRows(20, 31, 17, 24)
        .train(
            "result",
            heard,
            "phases.one.eval_datasets=[{path: others.jsonl}]",
            "phases.one.micro_batch_size=2",
            "phases.one.gradient_accumulation_steps=2",
            "phases.one.logging_steps=1",
            "phases.one.max_steps=" + steps);
    return heard.rows;
  }
}
