package dev.polyphase.pipelines.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies in the quickstart's folder is what its scripts make, and is small. */
class QuickstartFilesTest {
  private static final Path QUICKSTART = Path.of("quickstart").toAbsolutePath();
  private static final Path DATA = QUICKSTART.resolve("data");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern SUM = Pattern.compile("\\d+ [+-] \\d+");

  @TempDir Path folder;

  @Test
  void theScriptMakesTheDataAgain() throws Exception {
    java("MakeData.java", folder.toString());

    assertSameFiles(folder, DATA);
  }

  @Test
  void theScriptMakesTheTokenizerAgain() throws Exception {
    java(
        "MakeTokenizer.java",
        folder.toString(),
        "765",
        "data/cpt.jsonl",
        "data/sft-1.jsonl",
        "data/sft-2.jsonl",
        "data/pairs.jsonl");

    assertSameFiles(folder, QUICKSTART.resolve("tokenizer"));
  }

  @Test
  void withoutMergesItMakesTheRecipesTokenizer() throws Exception {
    java("MakeTokenizer.java", folder.toString());

    assertSameFiles(folder, Path.of("recipes/byte-level-tokenizer"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpt", "sft-1", "sft-2", "pairs"})
  void noQuestionOfAHeldOutRowIsAskedInTraining(String name) throws IOException {
    List<String> heldOut = questions(DATA.resolve(name + "-eval.jsonl"));

    assertThat(heldOut).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(100);
    assertThat(heldOut).doesNotContainAnyElementsOf(questions(DATA.resolve(name + ".jsonl")));
  }

  @Test
  void heldOutSumsOccurInNoTrainingFile() throws IOException {
    Set<String> heldOut = new HashSet<>();
    Set<String> trained = new HashSet<>();
    try (Stream<Path> files = Files.list(DATA)) {
      for (Path file : files.toList()) {
        Set<String> sums = file.toString().endsWith("-eval.jsonl") ? heldOut : trained;
        SUM.matcher(Files.readString(file)).results().map(MatchResult::group).forEach(sums::add);
      }
    }

    assertThat(heldOut).hasSizeGreaterThan(30);
    assertThat(trained).hasSizeGreaterThan(300).doesNotContainAnyElementsOf(heldOut);
  }

  @Test
  void theFolderIsAtMost8Megabytes() throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(QUICKSTART)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(file);
      }
    }

    assertThat(bytes).isLessThanOrEqualTo(8_000_000);
  }

  /** The text, or the user's first turn. */
  private static List<String> questions(Path file) throws IOException {
    List<String> questions = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      JsonNode row = JSON.readTree(line);
      JsonNode turns = row.has("messages") ? row.path("messages") : row.path("prompt");
      String question = row.path("text").asText();
      for (JsonNode turn : turns) {
        if (question.isEmpty() && turn.path("role").asText().equals("user")) {
          question = turn.path("content").asText();
        }
      }
      assertThat(question).as(line).isNotEmpty();
      questions.add(question);
    }
    return questions;
  }

  private static void java(String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(args));
    Process process =
        new ProcessBuilder(command)
            .directory(QUICKSTART.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.waitFor()).isZero();
  }

  private static void assertSameFiles(Path made, Path kept) throws IOException {
    assertThat(names(made)).isNotEmpty().isEqualTo(names(kept));
    for (String name : names(made)) {
      assertThat(made.resolve(name)).hasSameBinaryContentAs(kept.resolve(name));
    }
  }

  private static List<String> names(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
