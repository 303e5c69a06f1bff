package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows in {@code bad-rows.txt}, each with its reason, its place and the whole sentence. */
class BadRowsTest {
  /** What is said of lines that are no JSON objects, and of tokenizers that can't take a text. */
  private static final EnumSet<Reason> OF_OTHERS =
      EnumSet.of(Reason.NOT_JSON, Reason.MALFORMED, Reason.NO_OBJECT, Reason.TOKENIZER);

  /**
   * One of them.
   *
   * @param file phase, first row and keys of its file
   * @param expected {@code REASON: sentence}
   */
  private record BadRow(List<String> file, String json, String expected) {
    String reason() {
      return expected.substring(0, expected.indexOf(": "));
    }
  }

  @TempDir Path temp;
  private RowLab lab;

  @BeforeEach
  void open() {
    lab = new RowLab(temp);
  }

  @AfterEach
  void close() {
    lab.close();
  }

  private static List<BadRow> rows() throws IOException {
    List<BadRow> rows = new ArrayList<>();
    List<String> file = List.of();
    String json = "";
    try (InputStream in = BadRowsTest.class.getResourceAsStream("bad-rows.txt")) {
      assertThat(in).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        if (line.startsWith("file: ")) {
          file = List.of(line.substring(6).split(" \\| "));
        } else if (line.startsWith("row: ")) {
          json = line.substring(5);
        } else if (line.startsWith("  ")) {
          rows.add(new BadRow(file, json, line.strip()));
        }
      }
    }
    return rows;
  }

  @Test
  void eachHasItsReasonPlaceAndSentence() throws IOException {
    List<BadRow> rows = rows();
    assertThat(rows).hasSizeGreaterThan(75);
    for (int i = 0; i < rows.size(); i++) {
      BadRow bad = rows.get(i);
      int line = i + 2;
      RowEncoder<?> encoder = encoder(bad);
      BadRowException wrong =
          catchThrowableOfType(
              BadRowException.class, () -> encoder.encode(RowLab.row(bad.json, line)));
      assertThat(wrong).as(bad.json).isNotNull();
      assertThat(wrong.reason() + ": " + wrong.problems().get(0).sentence())
          .as(bad.json)
          .isEqualTo(bad.expected);
      assertThat(wrong).hasMessageStartingWith("rows.jsonl:" + line + ": ");
    }
  }

  private RowEncoder<?> encoder(BadRow bad) throws IOException {
    JsonRow first = RowLab.row(bad.file.get(1), 1);
    String keys = bad.file.size() > 2 ? bad.file.get(2) : "";
    PhaseType phase = PhaseType.valueOf(bad.file.get(0).toUpperCase(Locale.ROOT));
    RowEncoders<?> encoders =
        switch (phase) {
          case CPT, SFT -> lab.examples(phase);
          case KTO -> lab.judged();
          default -> lab.pairs();
        };
    RowEncoder<?> encoder = encoders.ofFile(RowLab.dataset(keys), first);
    assertThat(encoder.encode(first)).as("the good row").isNotEmpty();
    return encoder;
  }

  @Test
  void everyReasonHasARow() throws IOException {
    Set<Reason> shown =
        rows().stream().map(row -> Reason.valueOf(row.reason())).collect(Collectors.toSet());
    assertThat(EnumSet.complementOf(OF_OTHERS)).isEqualTo(shown);
  }

  /** What all rows of a file have in common is said once, of its first row. */
  @Test
  void aColumnThatIsNotUnderstoodInTheFirstRowIsTheFiles() {
    InputException wrong =
        catchThrowableOfType(
            InputException.class,
            () -> lab.sft("", "{'messages': [{'role':'assistant','content':'a'}], 'mood': 'b'}"));
    assertThat(wrong)
        .isNotInstanceOf(BadRowException.class)
        .hasMessage(
            "rows.jsonl:1: \"mood\" is not understood; name it in ignore_columns if what is learned"
                + " does not depend on it, or say with a key as field_prompt what it is");
    assertThat(
            catchThrowableOfType(
                InputException.class, () -> lab.sft("type: preference", "{'text': 'a'}")))
        .hasMessageStartingWith(
            "rows.jsonl:1: its dataset's type, preference, does not fit a phase of type sft");
    assertThat(
            catchThrowableOfType(
                InputException.class, () -> lab.sft("type: completion", "{'text': 'a'}")))
        .hasMessageEndingWith("; what others call completion is type text here");
    assertThat(
            catchThrowableOfType(
                InputException.class, () -> lab.sft("field_text: body", "{'text': 'a'}")))
        .hasMessage(
            "rows.jsonl:1: the dataset's field_text names the column \"body\", and this row has the"
                + " keys \"text\"");
    assertThat(
            catchThrowableOfType(
                InputException.class,
                () -> lab.sft("", "{'prompt': 'a', 'chosen': 'b', 'rejected': 'c'}")))
        .hasMessageEndingWith("; {\"chosen\", \"rejected\"} is for phases of type dpo");
    assertThat(
            catchThrowableOfType(
                InputException.class,
                () -> lab.sft("type: unpaired", "{'prompt': 'a', 'completion': 'b'}")))
        .hasMessageContaining("rows of type unpaired need \"label\", true or false");
  }
}
