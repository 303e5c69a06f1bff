package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A kept reference of other figures, as of a file that someone changed, shows in the first step.
 */
class FirstStepCheckTest {
  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void model() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
  }

  /** Its first batch is computed anew, the second is only looked at with the step. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "dpo; {}; must be 0.693147",
        "dpo; {loss_type: aot}; must be 0.693147",
        "dpo; {loss_type: ipo}; must be 25.000000",
        "kto; {loss_type: apo_zero_unpaired, undesirable_weight: 1}; must be 0.500000"
      })
  void aRowOfTheFirstStepIsCaught(String type, String settings, String expected)
      throws IOException {
    tamper(type, settings, 2);

    assertThatThrownBy(() -> train(type, settings, new RecordingListener()))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining(expected)
        .hasMessageContaining("remove " + folder.resolve("reference.json") + " ");
  }

  /** Those of later steps nobody can tell from a policy that has moved. */
  @Test
  void aRowOfALaterStepIsNot() throws IOException {
    tamper("dpo", "{}", 7);
    RecordingListener heard = new RecordingListener();

    train("dpo", "{}", heard);
    assertThat(heard.rows).hasSize(2);
    assertThat(heard.series("loss")[0]).isEqualTo(Math.log(2));
  }

  @Test
  void aRowOfTheFirstBatchIsMended() throws IOException {
    tamper("dpo", "{}", 0);
    RecordingListener heard = new RecordingListener();

    train("dpo", "{}", heard);
    assertThat(heard.notes)
        .anyMatch(note -> note.contains("are not those of these weights; they are computed anew"));
    assertThat(heard.series("loss")[0]).isEqualTo(Math.log(2));
  }

  /** With the weights as they would be saved, where a policy has not moved it is rounded. */
  @Test
  void heldOutPairsMayBeRounded() throws IOException {
    run.withPairs(8);
    RecordingListener heard =
        run.train("result", Optional.empty(), "save_dtype=bfloat16", "phases.one.dpo.beta=1000");

    assertThat(heard.rows.get(0).values().get("eval_loss").doubleValue())
        .isNotCloseTo(Math.log(2), within(0.1));
    assertThat(heard.rows.get(1).values().get("loss")).isEqualTo(Math.log(2));
  }

  /** Keeps a reference, and moves one row's by a hundred. */
  private void tamper(String type, String settings, int row) throws IOException {
    run = type.equals("kto") ? run.withJudged(8) : run.withPairs(8);
    int[] asked = new int[1];
    RecordingListener afterThePass =
        new RecordingListener() {
          @Override
          public boolean stopRequested() {
            asked[0]++;
            return asked[0] == 5;
          }
        };
    assertThatThrownBy(() -> train(type, settings, afterThePass))
        .isInstanceOf(InterruptedTrainingException.class);
    Path kept = folder.resolve("reference.json");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode file = (ObjectNode) mapper.readTree(kept.toFile());
    ArrayNode values = (ArrayNode) file.path("rows").path(row);
    values.set(0, mapper.getNodeFactory().numberNode(values.get(0).doubleValue() - 100));
    Files.writeString(kept, mapper.writeValueAsString(file));
  }

  private void train(String type, String settings, RecordingListener heard) throws IOException {
    run.train(
        "result",
        heard,
        Optional.empty(),
        Stream.of(
                "type=" + type,
                type + "=" + settings,
                "eval_datasets=[]",
                "shuffle=false",
                "micro_batch_size=2",
                "gradient_accumulation_steps=2")
            .map(part -> "phases.one." + part)
            .toArray(String[]::new));
  }
}
