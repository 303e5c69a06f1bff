package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each file in {@code invalid} holds one fault and says at its head what is reported. */
class InvalidPipelinesTest {
  private static final String EXPECT = "# expect: ";

  @ParameterizedTest
  @MethodSource("files")
  void saysWhatIsWrongAndWhere(Path file) throws IOException {
    List<String> expected =
        Files.readAllLines(file).stream()
            .filter(line -> line.startsWith(EXPECT))
            .map(line -> line.substring(EXPECT.length()).replace("FILE:", file + ":"))
            .map(line -> file + (Character.isDigit(line.charAt(0)) ? ":" : ": ") + line)
            .toList();

    InputException problems =
        catchThrowableOfType(InputException.class, () -> PipelineReader.read(file, List.of()));

    assertThat(problems).isNotNull();
    assertThat(problems.getMessage().lines()).containsExactlyElementsOf(expected);
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/invalid"))) {
      return files.sorted().toList();
    }
  }
}
