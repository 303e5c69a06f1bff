package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.index.KnownFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code submit}, {@code queue}, {@code runs} and {@code show}, as people and scripts see them. */
class QueueCommandsTest {
  private static final String PIPELINE =
      """
      name: tiny
      base_model: tiny-llama
      device: cpu
      phases:
        - name: only
          type: sft
          targeting: {method: full}
          datasets: [{path: text.jsonl}]
          val_set_size: 2
          sequence_len: 32
          max_steps: 3
          learning_rate: 1e-3
      """;

  @TempDir Path folder = Path.of("");

  private Polyphase.Ended polyphase(String... arguments) {
    return Polyphase.execute(
        Map.of("POLYPHASE_HOME", folder.resolve("home").toString()), arguments);
  }

  private String pipeline() throws IOException {
    return Files.writeString(folder.resolve("tiny.yaml"), PIPELINE).toString();
  }

  private void writeRows() throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      rows.append("{\"text\": \"The moon pulls the sea %d.\"}\n".formatted(i));
    }
    Files.writeString(folder.resolve("text.jsonl"), rows);
  }

  private String runs() {
    return folder.resolve("runs").toString();
  }

  @Test
  void submitsAndChangesWhatWaits() throws IOException {
    Polyphase.Ended first = polyphase("submit", pipeline(), "--output", runs());
    assertThat(first.exitCode()).as(first.messages()).isZero();
    assertThat(first.results()).isEqualTo("1\n");
    assertThat(first.messages())
        .contains("run 1 (tiny) waits; its folder is " + folder.resolve("runs/tiny"))
        .contains("polyphase serve");

    Polyphase.Ended second =
        polyphase(
            "submit",
            pipeline(),
            "--set",
            "name=next",
            "--output",
            runs(),
            "--after",
            "tiny",
            "--priority",
            "3",
            "--device",
            "cuda:1",
            "--json");
    JsonNode json = Polyphase.parse(second.results());
    assertThat(json.path("number").intValue()).isEqualTo(2);
    assertThat(json.path("after").intValue()).isEqualTo(1);
    assertThat(json.path("state").asText()).isEqualTo("waiting");
    assertThat(json.path("run_id").asText())
        .isEqualTo(KnownFolders.id(folder.resolve("runs/next")));

    assertThat(polyphase("queue", "stop", "1").results()).isEqualTo("run 1 (tiny) is stopped\n");
    assertThat(polyphase("queue", "resume", "1").results()).isEqualTo("run 1 (tiny) is waiting\n");
    assertThat(polyphase("queue", "cancel", "1").results())
        .isEqualTo("run 1 (tiny) is cancelled\n");
    Polyphase.Ended refused = polyphase("queue", "cancel", "1");
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.messages())
        .isEqualTo("run 1 (tiny) of the queue is cancelled; there is nothing to cancel\n");

    assertThat(polyphase("queue").results()).contains("next").contains("cancelled");
    JsonNode entries = Polyphase.parse(polyphase("queue", "list", "--json").results());
    assertThat(entries.path("entries").findValuesAsText("name")).containsExactly("next", "tiny");
    assertThat(entries.path("entries").path(0).path("device").asText()).isEqualTo("cuda:1");
  }

  @Test
  void refusesAPipelineThatIsWrong() throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong.yaml"), "name: wrong\nphasse: 1\n");
    Polyphase.Ended ended = polyphase("submit", wrong.toString());
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains("wrong.yaml:2:1", "phasse");
    assertThat(ended.results()).isEmpty();
    assertThat(Polyphase.parse(polyphase("queue", "--json").results()).path("entries")).isEmpty();
  }

  @Test
  void listsAndShowsARun() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    writeRows();
    polyphase("submit", pipeline(), "--output", runs());
    Polyphase.Ended ran = polyphase("run", pipeline(), "--output", runs());
    assertThat(ran.exitCode()).as(ran.messages()).isZero();

    // Nobody said where it is: the run itself left word.
    JsonNode listed = Polyphase.parse(polyphase("runs", "--json").results()).path("runs");
    JsonNode run = null;
    for (JsonNode one : listed) {
      if (one.path("folder").asText().equals(folder.resolve("runs/tiny").toString())) {
        run = one;
      }
    }
    assertThat(run).isNotNull();
    assertThat(run.path("status").asText()).isEqualTo("finished");
    assertThat(run.path("finished_phases").intValue()).isEqualTo(1);

    String id = run.path("id").asText();
    JsonNode shown = Polyphase.parse(polyphase("show", id, "--json").results());
    JsonNode phase = shown.path("phase_list").path(0);
    assertThat(phase.path("steps").intValue()).isEqualTo(3);
    assertThat(phase.path("loss").isNumber()).isTrue();
    assertThat(phase.path("held_out").path(0).path("name").asText()).isEqualTo("eval_loss");
    assertThat(phase.path("checkpoints").path(0).path("folder").asText())
        .isEqualTo(folder.resolve("runs/tiny/phase-01-only/model").toString());
    assertThat(shown.path("queue").path("number").intValue()).isEqualTo(1);
    assertThat(polyphase("show", "tiny").results())
        .contains("folder   " + folder.resolve("runs/tiny"), "eval_loss", "queue    1, waiting");
  }

  @Test
  void saysThatAFolderIsGone() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    writeRows();
    Polyphase.Ended ran = polyphase("run", pipeline(), "--output", runs());
    assertThat(ran.exitCode()).as(ran.messages()).isZero();
    polyphase("runs");
    Files.move(folder.resolve("runs"), folder.resolve("moved"));

    String gone = folder.resolve("runs/tiny").toString();
    Polyphase.Ended shown = polyphase("show", gone);
    assertThat(shown.exitCode()).isEqualTo(2);
    assertThat(shown.messages()).contains("the folder of run tiny, " + gone + ", is gone");
    assertThat(polyphase("runs").results()).doesNotContain(gone);

    String there = folder.resolve("moved/tiny").toString();
    assertThat(polyphase("show", there).results()).contains("status   finished");
    assertThat(polyphase("runs", folder.resolve("moved").toString()).results()).contains(there);
    assertThat(polyphase("runs", "--rebuild").results()).contains(there).doesNotContain(gone);
    assertThat(polyphase("show", "nobody").messages()).contains("there is no run nobody");
  }
}
