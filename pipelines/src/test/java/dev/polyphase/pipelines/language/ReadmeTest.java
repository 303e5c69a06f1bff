package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The README's table of keys against the keys that the reader itself lists. */
class ReadmeTest {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_.\\[\\]0-9]+)` \\|");
  private static final Pattern MEANING =
      Pattern.compile("(?m)^\\| `([a-z_.\\[\\]0-9]+)` \\| .*? \\| (.*) \\|$");
  private static final Pattern LISTED =
      Pattern.compile("(.*)zzzzzzzzzz: is no key of this block; its keys are (.*)");

  /** One key too many in every block: each answer lists the keys of its block. */
  private static final String UNKNOWN_EVERYWHERE =
      """
      zzzzzzzzzz: 1
      base_model: {zzzzzzzzzz: 1}
      phases:
        - zzzzzzzzzz: 1
          type: dpo
          targeting: {method: METHOD, zzzzzzzzzz: 1}
          datasets: [{zzzzzzzzzz: 1}]
          lr_scheduler_kwargs: {zzzzzzzzzz: 1}
          lr_by_snr: {zzzzzzzzzz: 1}
          dpo: {zzzzzzzzzz: 1}
          adapter: {zzzzzzzzzz: 1}
      """;

  @Test
  void namesEveryKeyAndNoOther() throws IOException {
    Set<String> documented =
        ROW.matcher(sectionOf("Keys"))
            .results()
            .map(row -> row.group(1))
            .collect(Collectors.toCollection(TreeSet::new));

    Set<String> known =
        Stream.of("snr", "parameters")
            .flatMap(method -> knownKeys(UNKNOWN_EVERYWHERE.replace("METHOD", method)).stream())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(documented).isEqualTo(known);
  }

  @Test
  void saysOfEachKeyWhatTheSchemaSays() throws IOException {
    Map<String, String> documented =
        MEANING
            .matcher(Files.readString(Path.of("README.md")))
            .results()
            .collect(Collectors.toMap(row -> row.group(1), row -> row.group(2)));

    assertThat(documented).isEqualTo(PipelineSchema.meanings());
  }

  private static String sectionOf(String heading) throws IOException {
    String after = Files.readString(Path.of("README.md")).split("(?m)^## " + heading + "$", -1)[1];
    return after.split("(?m)^## ", -1)[0];
  }

  private static List<String> knownKeys(String yaml) {
    InputException problems =
        catchThrowableOfType(
            InputException.class, () -> PipelineReader.parse(yaml, "demo", List.of()));
    return problems.problems().stream()
        .map(Problem::sentence)
        .flatMap(sentence -> LISTED.matcher(sentence).results())
        .flatMap(ReadmeTest::paths)
        .toList();
  }

  private static Stream<String> paths(MatchResult listed) {
    String block = listed.group(1).replace("[0]", "[]");
    return Stream.of(listed.group(2).split(", ")).map(key -> block + key);
  }
}
