package dev.polyphase.pipelines.problems;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlainTextTest {

  @Test
  void whatSteersATerminalIsEscaped() {
    assertThat(PlainText.of("a\u001b[31mb")).isEqualTo("a\\u001b[31mb");
    assertThat(PlainText.of("one\ntwo\r\t\0\u007f\u009b"))
        .isEqualTo("one\\ntwo\\r\\t\\u0000\\u007f\\u009b");
    assertThat(PlainText.linesOf("one\ntwo\r\n")).isEqualTo("one\ntwo\\r\n");
    assertThat(PlainText.of("\u2028" + '\ud800' + "x")).isEqualTo("\\u2028\\ud800x");
  }

  /** Unicode's own list of the marks of direction. */
  @Test
  void whatTurnsTheDirectionOfWritingIsEscaped() {
    int[] marks = {
      0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069
    };
    for (int mark : marks) {
      String text = "a" + Character.toString(mark) + "b";
      assertThat(PlainText.isPlain(text)).isFalse();
      assertThat(PlainText.of(text)).isEqualTo("a\\u%04xb".formatted(mark));
    }
  }

  @Test
  void textOfAnyScriptStaysAsItIs() {
    String text = "Maße, Größe, 模型, نموذج, 👩‍💻";
    assertThat(PlainText.isPlain(text)).isTrue();
    assertThat(PlainText.of(text)).isEqualTo(text);
  }

  @Test
  void aProblemIsOneLineWhateverItNames() {
    Problem problem = new Problem(Place.in("a\nb\u001b"), "is \u202e; no");

    assertThat(problem.toString()).isEqualTo("a\\nb\\u001b: is \\u202e; no");
    assertThat(new InputException(List.of(problem, problem)).getMessage()).hasLineCount(2);
  }

  @Test
  void ofAVeryLongNameTheMiddleIsLeftOut() {
    Problem problem = new Problem(Place.in("file"), "x".repeat(1_000_000) + " is odd; rename it");

    assertThat(problem.toString())
        .startsWith("file: xxx")
        .contains("x ... x")
        .endsWith("x is odd; rename it")
        .hasSizeLessThan(4_000);
  }

  @Test
  void ofVeryManyProblemsTheFirstAreListed() {
    List<Problem> many =
        IntStream.range(0, 20_000).mapToObj(i -> new Problem(null, "problem " + i)).toList();

    assertThat(new InputException(many).getMessage())
        .startsWith("problem 0\nproblem 1\n")
        .endsWith("\n19,976 more problems are not listed; mend these first")
        .hasLineCount(25);
    assertThat(new InputException(many.subList(0, 25)).problems()).isEqualTo(many.subList(0, 25));
  }
}
