package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SnrFileTest {
  private static final String FLAT =
      """
      {
          "model.layers.0.mlp.up_proj": {
              "snr": 0.34814128279685974,
              "type": "mlp.up_proj"
          },
          "model.layers.1.mlp.up_proj": {
              "snr": Infinity,
              "type": "mlp.up_proj"
          },
          "caf\\u00e9 \\"\\\\\\n": {
              "snr": NaN,
              "type": "x"
          },
          "tiny": {
              "snr": 1e-05,
              "type": "x"
          }
      }""";

  private static final List<ModuleSnr> ENTRIES =
      List.of(
          new ModuleSnr("model.layers.0.mlp.up_proj", "mlp.up_proj", 0.34814128279685974),
          new ModuleSnr("model.layers.1.mlp.up_proj", "mlp.up_proj", Double.POSITIVE_INFINITY),
          new ModuleSnr("café \"\\\n", "x", Double.NaN),
          new ModuleSnr("tiny", "x", 1e-5));

  @TempDir Path folder;

  @Test
  void writesTheBytesOfPythonsJson() throws IOException {
    Path file = folder.resolve("snr.json");

    SnrFile.write(file, ENTRIES);

    assertThat(Files.readString(file)).isEqualTo(FLAT);
    SnrFile.write(file, List.of());
    assertThat(Files.readString(file)).isEqualTo("{}");
  }

  @Test
  void readsTheFlatLayout() throws IOException {
    assertThat(SnrFile.read(file(FLAT))).isEqualTo(ENTRIES);
  }

  @Test
  void readsTheNestedLayout() throws IOException {
    Path file =
        file(
            """
            {
                "input_layernorm": {
                    "model.layers.0.input_layernorm": Infinity,
                    "model.layers.1.input_layernorm": 1
                },
                "lm_head": {
                    "lm_head": 80.76494598388672
                },
                "mlp.up_proj": {
                    "model.layers.7.mlp.up_proj": 8.99e+27,
                    "model.layers.2.mlp.up_proj": NaN
                }
            }
            """);

    assertThat(SnrFile.read(file))
        .containsExactly(
            new ModuleSnr(
                "model.layers.0.input_layernorm", "input_layernorm", Double.POSITIVE_INFINITY),
            new ModuleSnr("model.layers.1.input_layernorm", "input_layernorm", 1),
            new ModuleSnr("lm_head", "lm_head", 80.76494598388672),
            new ModuleSnr("model.layers.7.mlp.up_proj", "mlp.up_proj", 8.99e27),
            new ModuleSnr("model.layers.2.mlp.up_proj", "mlp.up_proj", Double.NaN));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\n",
        "{}",
        "[]",
        "3",
        "{\"a\": 1}",
        "{\"a\": {}}",
        "{\"a\": {\"snr\": 1}, \"b\": {\"snr\": \"1\", \"type\": \"t\"}}",
        "{\"a\": {\"snr\": null, \"type\": \"t\"}}",
        "{\"a\": {\"snr\": 1, \"type\": \"t\"}} x",
        "{\"a\": {\"snr\": 1, \"type\": \"t\"}",
        "unfrozen_parameters:\n- a\n",
      })
  void whatIsNoScanIsRefused(String text) throws IOException {
    Path file = file(text);

    assertThatThrownBy(() -> SnrFile.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageNotContaining("jackson");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"m\": {\"snr\": 1, \"type\": \"t\"}, \"m\": {\"snr\": 2, \"type\": \"t\"}}"
            + " | the name \"m\" stands twice in one object",
        "{\"t\": {\"m\": 1, \"m\": 2}} | the name \"m\" stands twice in one object",
        "{\"t\": {\"m\": 1}, \"u\": {\"m\": 2}}"
            + " | the module 'm' stands in it twice, the second time in type 'u'; remove one",
        "{\"m\\n- x\": {\"snr\": 1, \"type\": \"t\"}} | the module 'm\\n- x' of type 't' holds a control",
        "{\"m\": {\"snr\": 1, \"type\": \"\\u202et\"}} | of type '\\u202et' holds a control character",
      })
  void namesThatASelectionCanNotHoldAreRefused(String text, String sentence) throws IOException {
    Path file = file(text);

    assertThatThrownBy(() -> SnrFile.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(sentence);
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Path file = Files.write(folder.resolve("model.safetensors"), new byte[] {0, 1, (byte) 0xff, 3});

    assertThatThrownBy(() -> SnrFile.read(file)).isInstanceOf(InputException.class);
  }

  @Test
  void endlessNestingIsRefused() throws IOException {
    Path file = file("{\"a\":".repeat(1_500));

    assertThatThrownBy(() -> SnrFile.read(file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + ":1:5001: this is no JSON: it is nested more than 1,000 deep");
  }

  private Path file(String text) throws IOException {
    return Files.write(folder.resolve("scan.json"), text.getBytes(StandardCharsets.UTF_8));
  }
}
