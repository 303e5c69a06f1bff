package dev.polyphase.orchestrator.service.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fifo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineFileTest {
  private static final int MUCH = 1 << 20;

  @TempDir Path folder;

  private LineFile file(String text) throws IOException {
    Path path = folder.resolve("lines");
    Files.writeString(path, text);
    return new LineFile(path);
  }

  @Test
  void halfALineIsReadWhenItIsWhole() throws IOException {
    LineFile file = file("one\ntwo\nthr");
    LineFile.Lines first = file.after(Cursor.START, MUCH);
    assertThat(first.lines()).containsExactly("one", "two");
    assertThat(file.after(first.next(), MUCH).lines()).isEmpty();
    LiveRun.append(file.path(), "ee\nfo");
    assertThat(file.after(first.next(), MUCH).lines()).containsExactly("three");
  }

  /** Whatever the sizes of what is added and read, each line is read once and whole. */
  @Test
  void linesAreReadOnceHoweverTheyCome() throws IOException {
    Random random = new Random(7);
    Path path = folder.resolve("lines");
    LineFile file = new LineFile(path);
    StringBuilder all = new StringBuilder();
    List<String> read = new ArrayList<>();
    Cursor place = Cursor.START;
    for (int i = 0; i < 300; i++) {
      String text = "ä".repeat(random.nextInt(40)) + (random.nextInt(3) == 0 ? "" : "\n");
      all.append(text);
      LiveRun.append(path, text);
      if (random.nextBoolean()) {
        // As text it goes to a page and back.
        place = Cursor.parse(place.text()).orElseThrow();
        LineFile.Lines more = file.after(place, 1 + random.nextInt(100));
        assertThat(more.from()).isEqualTo(place);
        read.addAll(more.lines());
        place = more.next();
        assertThat(place.line()).isEqualTo(read.size());
      }
    }
    LiveRun.append(path, "\n");
    all.append('\n');
    LineFile.Lines last = file.after(place, MUCH);
    read.addAll(last.lines());
    assertThat(read).isEqualTo(List.of(all.substring(0, all.length() - 1).split("\n", -1)));
    assertThat(last.more()).isFalse();
  }

  @Test
  void aFileThatWasCutOrReplacedIsReadFromItsBeginning() throws IOException {
    LineFile file = file("one\ntwo\nthree\n");
    Cursor end = file.after(Cursor.START, MUCH).next();

    Files.writeString(file.path(), "one\n");
    assertThat(file.after(end, MUCH).lines()).containsExactly("one");
    Files.writeString(file.path(), "one\ntwo\nthrew\nfour\n");
    LineFile.Lines replaced = file.after(end, MUCH);
    assertThat(replaced.from()).isEqualTo(Cursor.START);
    assertThat(replaced.lines()).hasSize(4);
    Files.delete(file.path());
    assertThat(file.after(end, MUCH)).isEqualTo(file.after(Cursor.START, MUCH));
  }

  @Test
  void placesAreFoundByLineByByteAndFromTheEnd() throws IOException {
    LineFile file = file("one\ntwo\nthree\nfo");
    assertThat(file.after(file.behindLines(2), MUCH).lines()).containsExactly("three");
    assertThat(file.behindLines(9).line()).isEqualTo(3);
    assertThat(file.after(file.atByte(4), MUCH).lines()).containsExactly("two", "three");
    assertThat(file.after(file.atByte(5), MUCH).lines()).containsExactly("three");
    assertThat(file.after(file.atByte(99), MUCH).lines()).isEmpty();
    assertThat(file.after(file.beforeLast(2, MUCH), MUCH).lines()).containsExactly("two", "three");
    assertThat(file.after(file.beforeLast(9, MUCH), MUCH).lines()).hasSize(3);
    assertThat(file.after(file.beforeLast(9, 10), MUCH).lines()).containsExactly("three");
  }

  @Test
  void aLineLongerThanWhatIsReadAtOnceIsReadWhole() throws IOException {
    String line = "x".repeat(100_000);
    LineFile file = file(line + "\nshort\n");
    assertThat(file.after(Cursor.START, 10).lines()).contains(line);
  }

  @Test
  void whatIsNoFileHasNoLines() throws IOException {
    Fifo.make(folder.resolve("fifo"));
    Files.createSymbolicLink(folder.resolve("link"), file("one\n").path());
    for (String name : List.of("fifo", "link", "absent", ".")) {
      LineFile file = new LineFile(folder.resolve(name));
      assertThat(file.after(Cursor.START, MUCH).lines()).as(name).isEmpty();
      assertThat(file.behindLines(3)).isEqualTo(Cursor.START);
    }
  }

  @Test
  void whatIsNoPlaceIsNone() {
    for (String text :
        List.of("", "1.2", "1.2.3", "-1.2.00000000", "1.2.0000000g", "9".repeat(30))) {
      assertThat(Cursor.parse(text)).isEmpty();
    }
  }
}
