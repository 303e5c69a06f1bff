package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SpectraFileTest {
  @TempDir Path folder;

  @Test
  void writesOneObjectAModule() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.4.conv.weight", 2, 2, 2)
            .tensor("model.layers.4.mlp.up_proj.weight", 2, 3)
            .tensor("model.norm.weight", 4)
            .writeTo(folder);
    Scan scan =
        Rescanner.scan(
            checkpoint,
            List.of("conv", "mlp.up_proj", "norm"),
            new JavaSingularValues(),
            (module, done, total) -> {});
    Path file = folder.resolve("spectra.jsonl");

    SpectraFile.write(file, scan);

    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(0))
        .isEqualTo(
            "{\"module\":\"model.layers.4.conv\",\"type\":\"conv\",\"layer\":4,"
                + "\"tensor\":\"model.layers.4.conv.weight\",\"rows\":2,\"columns\":2,"
                + "\"snr\":null,\"snr_text\":\"NaN\",\"sigma\":null,\"threshold\":null,"
                + "\"largest\":null,\"above\":0,\"below\":0,\"quantiles\":[]}");
    JsonNode matrix = new ObjectMapper().readTree(lines.get(1));
    // Of [[1, 2, 3], [4, 5, 6]] the squares of the singular values are (91 +- sqrt(8065)) / 2.
    double largest = Math.sqrt((91 + Math.sqrt(8065)) / 2);
    double smallest = Math.sqrt((91 - Math.sqrt(8065)) / 2);
    JsonNode quantiles = matrix.get("quantiles");
    assertThat(quantiles).hasSize(64);
    assertThat(matrix.get("largest").doubleValue()).isCloseTo(largest, withPercentage(1e-4));
    assertThat(quantiles.get(63).doubleValue()).isCloseTo(largest, withPercentage(1e-4));
    assertThat(quantiles.get(0).doubleValue()).isCloseTo(smallest, withPercentage(1e-4));
    assertThat(matrix.get("above").intValue() + matrix.get("below").intValue()).isEqualTo(2);
    JsonNode norm = new ObjectMapper().readTree(lines.get(2));
    assertThat(norm.get("layer").isNull()).isTrue();
    assertThat(norm.get("snr").doubleValue()).isEqualTo(1);
  }
}
