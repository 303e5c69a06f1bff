package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.api.MetricsRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of an earlier attempt, and those of one that goes on from the middle of it. */
class MetricsLogTest {
  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  @Test
  void anAttemptFromTheBeginningTakesThePlaceOfTheEarlierOne() throws IOException {
    write(1, 2, 3);
    write(4);

    assertThat(file()).hasContent("{\"step\":4,\"loss\":0.25}\n");
    assertThat(notes).isEmpty();
  }

  @Test
  void earlierRowsAreThereUntilTheFirstNewOne() throws IOException {
    write(1, 2);
    String before = Files.readString(file());
    try (MetricsLog log = log()) {
      assertThat(file()).hasContent(before);
      assertThat(log.rows()).isEmpty();
    }
    assertThat(file()).hasContent(before);
  }

  @Test
  void whatIsTakenAgainGoesAndTheRestStands() throws IOException {
    write(1, 2, 3, 4);
    String whole = Files.readString(file());
    Files.writeString(file(), "{\"step\":5,\"lo", StandardOpenOption.APPEND);
    try (MetricsLog log = log()) {
      log.keepFirst(2);
      assertThat(log.rows().stream().map(JsonNode::toString))
          .containsExactly("{\"step\":1,\"loss\":1.0}", "{\"step\":2,\"loss\":0.5}");
      log.add(row(3));
      log.add(row(4));
      assertThat(log.rows()).hasSize(4);
    }
    assertThat(file()).hasContent(whole);
    assertThat(notes).isEmpty();
  }

  @Test
  void rowsThatWereLostAreTold() throws IOException {
    write(1, 2);
    Files.writeString(file(), "{\"step\":3,\"lo", StandardOpenOption.APPEND);
    try (MetricsLog log = log()) {
      log.keepFirst(3);
      log.add(row(4));
    }
    assertThat(Files.readAllLines(file()))
        .hasSize(3)
        .last()
        .isEqualTo("{\"step\":4,\"loss\":0.25}");
    assertThat(notes)
        .containsExactly(
            file()
                + " has 2 of the 3 rows of the steps that are not taken again; the others are lost");
  }

  private void write(long... steps) {
    try (MetricsLog log = log()) {
      for (long step : steps) {
        log.add(row(step));
      }
    }
  }

  private MetricsLog log() {
    return MetricsLog.of(new PhaseFolder(folder), notes::add);
  }

  private Path file() {
    return folder.resolve("metrics.jsonl");
  }

  private static MetricsRow row(long step) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("loss", 1.0 / step);
    return new MetricsRow(step, 10, values);
  }
}
