package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The README's table of keys against the declarations, and against what the reader lists. */
class ReadmeTest {
  private static final Path README = Path.of("README.md");
  private static final String HEAD = "| key | default | meaning |\n| --- | --- | --- |\n";
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_.\\[\\]0-9]+)` \\|");
  private static final Pattern LISTED =
      Pattern.compile("(.*)zzzzzzzzzz: is no key of this block; its keys are (.*)");

  /** One key too many in every block: each answer lists the keys of its block. */
  private static final String UNKNOWN_EVERYWHERE =
      """
      zzzzzzzzzz: 1
      base_model: {zzzzzzzzzz: 1}
      special_tokens: {zzzzzzzzzz: 1}
      phases:
        - zzzzzzzzzz: 1
          type: TYPE
          targeting: {method: METHOD, zzzzzzzzzz: 1}
          datasets: [{zzzzzzzzzz: 1, roles: {zzzzzzzzzz: 1}}]
          lr_scheduler_kwargs: {zzzzzzzzzz: 1}
          lr_by_snr: {zzzzzzzzzz: 1}
          engine: {zzzzzzzzzz: 1}
          TYPE: {zzzzzzzzzz: 1}
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
            .map(method -> UNKNOWN_EVERYWHERE.replace("METHOD", method))
            .flatMap(
                yaml ->
                    Stream.of("dpo", "kto", "cpo", "orpo", "simpo")
                        .map(type -> yaml.replace("TYPE", type)))
            .flatMap(yaml -> knownKeys(yaml).stream())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(documented).isEqualTo(known);
  }

  /** {@code -Dgolden.update=true} writes the table anew. */
  @Test
  void theTableIsMadeOfTheDeclarations() throws IOException {
    String readme = Files.readString(README);
    int begin = readme.indexOf(HEAD);
    int end = readme.indexOf("\n## ", begin);
    if (Boolean.getBoolean("golden.update")) {
      readme = readme.substring(0, begin) + table() + readme.substring(end);
      Files.writeString(README, readme);
      end = readme.indexOf("\n## ", begin);
    }
    assertThat(readme.substring(begin, end)).isEqualTo(table());
  }

  private static String table() {
    StringBuilder rows = new StringBuilder(HEAD);
    List<String> spellings = new ArrayList<>();
    addRows("", PipelineFile.SHAPE.keys(), rows, spellings);
    return rows
        + "\nOther spellings, one of them at a time: "
        + String.join(", ", spellings)
        + ".\n";
  }

  private static void addRows(
      String within, List<DeclaredKey<?>> keys, StringBuilder rows, List<String> spellings) {
    for (DeclaredKey<?> key : keys) {
      String path = within + key.name();
      rows.append("| `%s` | %s | %s |\n".formatted(path, absent(key), key.key().means()));
      String ours = path.replace("phases[].", "");
      for (String other : key.key().also()) {
        spellings.add("`%s` (%s)".formatted(other.replace("../", ""), ours));
      }
      // what phases inherit and what held-out rows hold has its rows elsewhere
      if (!Set.of("defaults", "engine", "phases[].eval_datasets").contains(path)) {
        for (Form form : key.forms()) {
          String end = form instanceof Form.Blocks ? "[]." : ".";
          addRows(path + end, Form.keysIn(form), rows, spellings);
        }
      }
    }
  }

  private static String absent(DeclaredKey<?> key) {
    if (key.required()) {
      return "required";
    }
    String absent = key.key().absent();
    return absent.isEmpty() ? "none" : absent.replaceAll("[\\[\\]]", "");
  }

  private static String sectionOf(String heading) throws IOException {
    String after = Files.readString(README).split("(?m)^## " + heading + "$", -1)[1];
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
