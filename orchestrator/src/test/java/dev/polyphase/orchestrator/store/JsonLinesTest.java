package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.polyphase.orchestrator.SmallDisk;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines that meet a disk that takes no more, or a place that takes none. */
class JsonLinesTest {
  private static final int LINES = 100;

  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  @Test
  void linesThatFoundNoRoomFollowInOrder() throws IOException {
    try (SmallDisk disk = SmallDisk.mount(folder, 64 * SmallDisk.PAGE)) {
      Path file = disk.root().resolve("lines.jsonl");
      StringBuilder expected = new StringBuilder();
      try (JsonLines lines = new JsonLines(file, notes::add)) {
        for (int i = 0; i < LINES; i++) {
          if (i == 10) {
            disk.fill();
          }
          lines.add(line(i));
          expected.append(line(i)).append('\n');
          // What is there can always be read: whole lines, none twice, none out of order.
          assertThat(expected).startsWith(Files.readString(file));
          assertThat(Files.readString(file)).endsWith("\n");
        }
        String now = Files.readString(file);
        assertThat(lines.waiting()).isEqualTo(LINES - now.lines().count()).isPositive();
        assertThatThrownBy(lines::flush).isInstanceOf(FileSystemException.class);
        assertThat(notes)
            .containsExactly(
                file
                    + ": there is no room left on its disk; its lines wait in memory until it can be"
                    + " written, and all else goes on");

        disk.makeRoom();
        lines.add(line(LINES));
        expected.append(line(LINES)).append('\n');

        assertThat(file).hasContent(expected.toString());
        assertThat(lines.waiting()).isZero();
        assertThat(notes)
            .hasSize(2)
            .last()
            .isEqualTo(file + " can be written again, and has every line");
      }
      assertThat(file).hasContent(expected.toString());
    }
  }

  @Test
  void whatWaitsIsWrittenAfterTheEndToo() throws IOException {
    try (SmallDisk disk = SmallDisk.mount(folder, 64 * SmallDisk.PAGE)) {
      Path file = disk.root().resolve("lines.jsonl");
      disk.fill();
      JsonLines lines = new JsonLines(file, notes::add);
      try (lines) {
        lines.add(line(0));
        lines.add(line(1));
      }
      assertThat(lines.waiting()).isEqualTo(2);
      assertThat(file).isEmptyFile();

      disk.makeRoom();
      lines.flush();

      assertThat(file).hasContent(line(0) + "\n" + line(1) + "\n");
      assertThat(lines.waiting()).isZero();
    }
  }

  @Test
  void aPlaceThatTakesNoFileIsTriedAgain() throws IOException {
    Path file = folder.resolve("lines.jsonl");
    Files.createDirectory(file);
    try (JsonLines lines = new JsonLines(file, notes::add)) {
      lines.add(line(0));
      assertThat(notes)
          .containsExactly(
              file
                  + ": this is a folder, and a file is needed; its lines wait in memory until it can"
                  + " be written, and all else goes on");
      Files.delete(file);
      lines.add(line(1));
    }
    assertThat(file).hasContent(line(0) + "\n" + line(1) + "\n");
  }

  private static JsonNode line(int number) {
    return JsonNodeFactory.instance.objectNode().put("number", number).put("text", "x".repeat(90));
  }
}
