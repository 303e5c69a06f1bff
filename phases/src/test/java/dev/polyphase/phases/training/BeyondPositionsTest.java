package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.BeyondPositions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a plan says of a {@code sequence_len} beyond what the model's positions were made for. */
class BeyondPositionsTest {
  private static final String MAX = "max_position_embeddings";

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void files() throws IOException {
    run = SftRun.ofLlama(folder, TensorNames.UP).withRows(9, 40, 21);
    run.write("longer.jsonl", 2000, 30, 51);
  }

  @Test
  void whatRowsReachIsSaidWhereverTheyLie() throws IOException {
    configure("{\"max_position_embeddings\": 32}");
    assertThat(run.check("phases.one.sequence_len=32").beyond()).isNull();
    assertThat(run.check().beyond()).isEqualTo(new BeyondPositions(32, MAX, 40));
    assertThat(run.check("phases.one.sequence_len=33").beyond())
        .isEqualTo(new BeyondPositions(32, MAX, 33));
    assertThat(run.check("phases.one.eval_datasets=[{path: longer.jsonl}]").beyond())
        .isEqualTo(new BeyondPositions(32, MAX, 51));
  }

  /** 61 tokens side by side, of which none is further than 40 from its row's first. */
  @Test
  void positionsBeginAnewInEachRowOfASequence() throws IOException {
    configure("{\"max_position_embeddings\": 41}");
    BeyondPositions beyond = run.check("phases.one.sample_packing=true").beyond();
    assertThat(beyond).isEqualTo(new BeyondPositions(41, MAX, 40));
    assertThat(beyond.isReached()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"type\": \"linear\", \"factor\": 1.5} | 30 | max_position_embeddings times factor",
        "{\"type\": \"dynamic\", \"factor\": 2.5} | 50 | max_position_embeddings times factor",
        "{\"type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 12} | 48 |"
            + " original_max_position_embeddings times factor",
        "{\"type\": \"yarn\", \"original_max_position_embeddings\": 10} | 20 |"
            + " original_max_position_embeddings times factor",
        "{\"type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
            + " \"original_max_position_embeddings\": 12} | 20 | max_position_embeddings",
      })
  void scalingsAreCounted(String scaling, long madeFor, String by) throws IOException {
    configure("{\"max_position_embeddings\": 20, \"rope_scaling\": %s}".formatted(scaling));
    assertThat(run.check().beyond()).isEqualTo(new BeyondPositions(madeFor, by, 40));
  }

  @Test
  void nothingIsSaidWhereTheConfigurationSaysNothing() throws IOException {
    configure("{\"max_position_embeddings\": null}");
    assertThat(run.check().beyond()).isNull();
  }

  private void configure(String keys) throws IOException {
    Path config = run.base().resolve("config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = (ObjectNode) json.readTree(config.toFile());
    root.setAll((ObjectNode) json.readTree(keys));
    Files.writeString(config, root.toString());
  }
}
