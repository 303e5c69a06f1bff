package dev.polyphase.orchestrator.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class DatabaseTest {
  @TempDir Path home = Path.of("");

  private final List<String> notes = new ArrayList<>();

  private Path file() {
    return home.resolve("service/database.mv.db");
  }

  private Database open() throws IOException {
    return Database.open(home, Map.of(), notes::add);
  }

  private static void add(Database database, String device) {
    database.transaction(
        connection ->
            Rows.change(
                connection,
                "INSERT INTO device_slots (place, device, number) VALUES ('here', ?, 1)",
                device));
  }

  private static List<String> devices(Database database) {
    return database.transaction(
        connection ->
            Rows.of(
                connection,
                "SELECT device FROM device_slots ORDER BY device",
                row -> row.getString(1)));
  }

  @ParameterizedTest
  @EnumSource
  void severalShareWhatOneKeeps(Databases kind) throws IOException {
    Databases.Opened opened = kind.open(home);
    try (Database first = opened.again()) {
      add(first, "cuda:0");
      try (Database second = opened.again()) {
        add(second, "cuda:1");
        assertThat(devices(first)).containsExactly("cuda:0", "cuda:1");
      }
    }
    try (Database later = opened.again()) {
      assertThat(devices(later)).containsExactly("cuda:0", "cuda:1");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTransactionThatFailsLeavesNothing(Databases kind) throws IOException {
    try (Database database = kind.open(home).again()) {
      assertThatThrownBy(
              () ->
                  database.transaction(
                      connection -> {
                        Rows.change(
                            connection,
                            "INSERT INTO device_slots (place, device, number) VALUES ('a', 'b', 1)");
                        throw new SQLException("no");
                      }))
          .isInstanceOf(OperationFailedException.class);
      assertThat(devices(database)).isEmpty();
      add(database, "cpu");
      assertThatThrownBy(() -> add(database, "cpu")).matches(SqlFailure::isDuplicate);
    }
  }

  /** The process that opens H2's file first serves the others, who must not need it. */
  @Test
  void goesOnWhenTheProcessThatServedItIsKilled() throws Exception {
    Process first =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                home.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      assertThat(first.getInputStream().read()).isEqualTo('.');
      try (Database second = open()) {
        add(second, "cuda:1");
        first.destroyForcibly().waitFor();
        add(second, "cuda:2");
        assertThat(devices(second)).containsExactly("cuda:0", "cuda:1", "cuda:2");
      }
    } finally {
      first.destroyForcibly().waitFor();
    }
    assertThat(notes).isEmpty();
  }

  /** The other process. */
  static final class Holder {
    public static void main(String[] args) throws IOException {
      try (Database database = Database.open(Path.of(args[0]), null)) {
        add(database, "cuda:0");
        System.out.print('.');
        System.out.flush();
        System.in.read();
      }
    }
  }

  @Test
  void nobodyElseMayReadItAndItListensOnLoopbackAlone() throws IOException {
    try (Database database = open()) {
      add(database, "cpu");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file().getParent())))
          .isEqualTo("rwx------");
      Path sockets = Path.of("/proc/self/net/tcp6");
      assumeTrue(Files.isReadable(sockets), "no list of sockets");
      String port =
          Files.readAllLines(home.resolve("service/database.lock.db")).stream()
              .filter(line -> line.startsWith("server="))
              .findFirst()
              .orElseThrow()
              .replaceFirst(".*:", "");
      String ending = ":%04X".formatted(Integer.parseInt(port));
      List<String> listening = new ArrayList<>();
      for (Path list : List.of(sockets, Path.of("/proc/self/net/tcp"))) {
        try (Stream<String> lines = Files.lines(list)) {
          lines
              .map(line -> line.strip().split("\\s+", -1))
              .filter(fields -> fields[1].endsWith(ending) && fields[3].equals("0A"))
              .forEach(fields -> listening.add(fields[1].replace(ending, "")));
        }
      }
      assertThat(listening)
          .hasSize(1)
          .allMatch(address -> address.endsWith("0100007F"), "127.0.0.1");
    }
  }

  /** As Quartz interrupts its threads at its end, and the watcher of runs its own. */
  @Test
  void aThreadThatIsInterruptedClosesTheDatabaseForNobody() throws IOException {
    try (Database database = open()) {
      database.transaction(
          connection -> {
            Thread.currentThread().interrupt();
            return Rows.change(
                connection,
                "INSERT INTO device_slots (place, device, number) VALUES ('here', ?, 1)",
                "cpu");
          });
      assertThat(Thread.interrupted()).isTrue();

      add(database, "cuda:0");
      assertThat(devices(database)).containsExactly("cpu", "cuda:0");
    }
  }

  @Test
  void whatIsDamagedIsKeptAndMadeAnew() throws IOException {
    try (Database database = open()) {
      add(database, "cpu");
    }
    byte[] damaged = "this is no database".repeat(1000).getBytes(StandardCharsets.UTF_8);
    Files.write(file(), damaged);

    try (Database database = open()) {
      assertThat(devices(database)).isEmpty();
    }
    Path kept = home.resolve("service/database.damaged-1.mv.db");
    assertThat(kept).hasBinaryContent(damaged);
    assertThat(notes).hasSize(1);
    assertThat(notes.get(0))
        .contains(kept.toString(), "the queue and the schedules are lost", "the runs are not");

    Files.writeString(file(), "");
    open().close();
    Files.writeString(file(), "again");
    open().close();
    assertThat(home.resolve("service/database.damaged-2.mv.db")).hasContent("again");
  }

  /** Wherever a part of it is overwritten, it is made anew or holds what it held. */
  @Test
  void damageAnywhereIsNoticedOrHarmless() throws IOException {
    try (Database database = open()) {
      for (int i = 0; i < 200; i++) {
        add(database, "device-%03d".formatted(i));
      }
    }
    byte[] sound = Files.readAllBytes(file());
    for (int part = 0; part < 12; part++) {
      Files.write(file(), sound);
      try (RandomAccessFile bytes = new RandomAccessFile(file().toFile(), "rw")) {
        bytes.seek((long) sound.length * part / 12);
        bytes.write(new byte[Math.min(4096, sound.length / 12)]);
      }
      notes.clear();
      try (Database database = open()) {
        int held = devices(database).size();
        assertThat(held).as("part %d: %s", part, notes).isEqualTo(notes.isEmpty() ? 200 : 0);
      }
    }
  }

  @Test
  void refusesAHomeThatOthersMayWriteTo() throws IOException {
    Path open = Files.createDirectory(home.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThatThrownBy(() -> Database.open(open, null))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("other users can write to " + open)
        .hasMessageContaining("chmod go-w");
  }

  @Test
  void saysWhatIsWrongWithAUrlAndNeverAPassword() throws IOException {
    assertThatThrownBy(() -> Database.open(home, "mysql://user:geheim@host/x"))
        .isInstanceOf(InputException.class)
        .hasMessageNotContaining("geheim")
        .hasMessageContaining("jdbc:postgresql://HOST/DATABASE");
    assertThatThrownBy(
            () ->
                Database.open(
                    home,
                    Map.of(
                        Database.URL,
                        "jdbc:postgresql://127.0.0.1:1/nothing?user=somebody&password=geheim"),
                    notes::add))
        .isInstanceOf(OperationFailedException.class)
        .hasMessage(
            "jdbc:postgresql://127.0.0.1:1/nothing can't be reached; start PostgreSQL there, or"
                + " name another in POLYPHASE_DATABASE_URL");
    Optional<String> url = PostgresServer.newDatabase();
    assumeTrue(url.isPresent(), PostgresServer.ABSENT);
    assertThatThrownBy(
            () ->
                Database.open(
                    home,
                    Map.of(
                        Database.URL,
                        url.get().replaceFirst("/test\\d+\\?user=test", "/absent"),
                        Database.USER,
                        "test",
                        Database.PASSWORD,
                        "geheim"),
                    notes::add))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("/absent has no such database")
        .hasMessageNotContaining("geheim");
  }
}
