package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.SmallDisk;
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

  @Test
  void rowsAreTakenBackWhileTheyAreAdded() throws IOException {
    try (MetricsLog log = log()) {
      for (long step = 1; step <= 5; step++) {
        log.add(row(step));
      }
      log.keepFirst(2);
      assertThat(Files.readAllLines(file())).hasSize(2);
      log.add(row(3));
      log.keepFirst(3);
      log.keepFirst(1);
      log.add(row(2));
      assertThat(log.rows().stream().map(row -> row.path("step").longValue()))
          .containsExactly(1L, 2L);
    }

    assertThat(file()).hasContent("{\"step\":1,\"loss\":1.0}\n{\"step\":2,\"loss\":0.5}\n");
    assertThat(notes).isEmpty();
  }

  @Test
  void keptRowsOfAnEarlierAttemptAreTakenBackTooAndStayAsTheyWereWritten() throws IOException {
    Files.writeString(file(), "{\"step\": 1}\n{\"step\":  2}\n{\"step\":3}\n");
    try (MetricsLog log = log()) {
      log.keepFirst(3);
      log.add(row(4));
      log.keepFirst(2);
      log.add(row(3));
    }

    assertThat(Files.readAllLines(file()))
        .containsExactly(
            "{\"step\": 1}", "{\"step\":  2}", "{\"step\":3,\"loss\":0.3333333333333333}");
    assertThat(notes).isEmpty();
  }

  @Test
  void allOfThemMayBeTakenBack() throws IOException {
    try (MetricsLog log = log()) {
      log.add(row(1));
      log.keepFirst(0);
      assertThat(file()).isEmptyFile();
      log.add(row(1));
    }

    assertThat(Files.readAllLines(file())).hasSize(1);
  }

  /** Of those that wait for room some go, and the others are written when there is some. */
  @Test
  void whatWaitsIsTakenBackToo() throws IOException {
    try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("disk")), 65_536);
        MetricsLog log = MetricsLog.of(new PhaseFolder(disk.root()), notes::add)) {
      log.add(row(1));
      log.add(row(2));
      disk.fill();
      long step = 3;
      while (log.waiting() < 4) {
        log.add(row(step++));
      }
      long written = log.rows().size() - log.waiting();

      log.keepFirst(written + 1);
      assertThat(log.waiting()).isEqualTo(1);
      log.keepFirst(1);
      assertThat(log.waiting()).isZero();
      disk.makeRoom();
      log.add(row(2));
      log.flush();

      assertThat(Files.readAllLines(disk.root().resolve("metrics.jsonl")))
          .containsExactly("{\"step\":1,\"loss\":1.0}", "{\"step\":2,\"loss\":0.5}");
    }
  }

  @Test
  void theFirstRowsThatAreEqualAreInCommon() throws IOException {
    write(1, 2, 3);
    List<MetricsRow> same = List.of(row(1), row(2), row(3), row(4));
    List<MetricsRow> other = List.of(row(1), row(5), row(3));
    try (MetricsLog log = log()) {
      assertThat(log.inCommon(same)).isEqualTo(3);
      assertThat(log.inCommon(other)).isEqualTo(1);
      assertThat(log.inCommon(List.of())).isZero();
    }
    Files.writeString(file(), "{\"step\":1,\"loss\":1.0}\n{\"step\":2,\"loss\":0.5}");
    try (MetricsLog log = log()) {
      assertThat(log.inCommon(same)).as("the end of a line is missing").isEqualTo(1);
    }
    Files.delete(file());
    try (MetricsLog log = log()) {
      assertThat(log.inCommon(same)).isZero();
    }
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
