package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogTest {
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  @TempDir Path folder;

  @Test
  void halfALineOfAKilledProcessIsEndedBeforeTheNext() throws IOException {
    RunFolder run = new RunFolder(folder);
    add(run, "run_started");
    Files.writeString(
        run.eventsJsonl(), Files.readString(run.eventsJsonl()) + "{\"time\":\"1970-01-01T00:");

    add(run, "run_resumed");
    add(run, "run_finished");

    List<String> lines = Files.readAllLines(run.eventsJsonl());
    assertThat(lines).hasSize(4);
    assertThat(event(lines.get(0))).isEqualTo("run_started");
    assertThat(lines.get(1)).isEqualTo("{\"time\":\"1970-01-01T00:");
    assertThat(event(lines.get(2))).isEqualTo("run_resumed");
    assertThat(event(lines.get(3))).isEqualTo("run_finished");
  }

  private static void add(RunFolder run, String event) {
    List<String> notes = new ArrayList<>();
    try (EventLog log = new EventLog(run, CLOCK, notes::add)) {
      log.add(event, null, null);
    }
    assertThat(notes).isEmpty();
  }

  private static String event(String line) throws IOException {
    return new ObjectMapper().readTree(line).path("event").textValue();
  }
}
