package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong with the input, what people are told is ours and never a library's message. */
class OwnWordsTest {
  private static final int MOST_LINES = 21;
  private static final int LONGEST_LINE = 700;

  private static final String PIPELINE =
      """
      name: p
      base_model: tiny-llama
      phases:
        - {name: one, type: sft, targeting: {method: full}, learning_rate: 0.1,
           datasets: [{path: rows.jsonl}]}
      """;

  @TempDir Path folder;
  private Path model = Path.of("");
  private Path rows = Path.of("");
  private Path yaml = Path.of("");

  @BeforeEach
  void files() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
    rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"a\"}\n");
    yaml = Files.writeString(folder.resolve("p.yaml"), PIPELINE);
  }

  /** Texts that are no JSON, of which a library says something of its own. */
  static Stream<byte[]> wrongJson() {
    Stream<String> texts =
        Stream.of(
            "{\"a\": NaN}",
            "{\"a\": -Infinity}",
            "{\"a\": 1} // one",
            "/* one */ {\"a\": 1}",
            "{# one\n\"a\": 1}",
            "{'a': 1}",
            "{\"a\": 'b'}",
            "{a: 1}",
            "{\"a\": yes}",
            "{\"a\": True}",
            "{\"a\": 1,}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\" 1}",
            "{\"a\": }",
            "{\"a\": \"b",
            "{\"a\": \"b\nc\"}",
            "{\"a\": \"\u0001\"}",
            "{\"a\": \"\\x\"}",
            "{\"a\": \"\\ud8\"}",
            "{\"a\": 007}",
            "{\"a\": +1}",
            "{\"a\": .5}",
            "{\"a\": 1.}",
            "{\"a\": 1} {\"b\": 2}",
            "{\"a\": [1}",
            "{\"a\": [1, 2",
            "{\"a\": " + "[".repeat(2_000),
            "{\"a\": " + "7".repeat(2_000) + "}",
            "{\"" + "n".repeat(60_000) + "\": 1}",
            "PAR1\25\4\25\16",
            "\0\1\2\3",
            "<html></html>",
            "");
    return Stream.concat(
        texts.map(text -> text.getBytes(StandardCharsets.UTF_8)),
        Stream.of(
            "{\"a\": \"ä\"}".getBytes(StandardCharsets.ISO_8859_1),
            "{\"a\": 1}".getBytes(StandardCharsets.UTF_16),
            "{\"a\": 1}".getBytes(StandardCharsets.UTF_16LE)));
  }

  @ParameterizedTest
  @MethodSource("wrongJson")
  void ofFilesThatAreNoJson(byte[] wrong) throws IOException {
    Files.write(rows, wrong);
    assertIsRefusedInOwnWords(rows, "score", model.toString(), "--input", rows.toString());
    // Of rows, these numbers are read as Python writes them.
    if (!new String(wrong, StandardCharsets.UTF_8).matches(".*(NaN|Infinity).*")) {
      assertIsRefusedInOwnWords(rows, "render", model.toString(), "--input", rows.toString());
    }
    assertIsRefusedInOwnWords(rows, "plan", yaml.toString());

    Path config = Files.write(model.resolve("config.json"), wrong);
    assertIsRefusedInOwnWords(config, "plan", yaml.toString());
    Path tied = Fixture.QWEN2.copyTo(folder);
    Path itsConfig = Files.write(tied.resolve("config.json"), wrong);
    assertIsRefusedInOwnWords(itsConfig, "scan", tied.toString(), "-o", folder.toString());

    Path index = Files.write(model.resolve("model.safetensors.index.json"), wrong);
    Files.move(model.resolve("model.safetensors"), model.resolve("other.safetensors"));
    assertIsRefusedInOwnWords(index, "scan", model.toString(), "-o", folder.toString());

    Path run = Files.createDirectory(folder.resolve("run"));
    Files.write(run.resolve("run.json"), wrong);
    assertIsRefusedInOwnWords(run, "report", run.toString());
  }

  @ParameterizedTest
  @MethodSource("wrongJson")
  void ofConfigurationsBesideTheTokenizerThatAreNoJson(byte[] wrong) throws IOException {
    for (String name : new String[] {"tokenizer_config.json", "generation_config.json"}) {
      byte[] right = Files.readAllBytes(model.resolve(name));
      Path wrongOne = Files.write(model.resolve(name), wrong);
      assertIsRefusedInOwnWords(wrongOne, "plan", yaml.toString());
      Files.write(wrongOne, right);
    }
  }

  @ParameterizedTest
  @MethodSource("wrongJson")
  void ofScansThatAreNoJson(byte[] wrong) throws IOException {
    // Python writes NaN and Infinity, so scans may hold them; this one is then no scan.
    Path scan = Files.write(folder.resolve("snr.json"), wrong);
    assertIsRefusedInOwnWords(scan, "select", scan.toString(), "--top-percent", "50");
    assertIsRefusedInOwnWords(scan, "compare", scan.toString(), scan.toString());
  }

  /** The end of a text is known without it, so that it is the library that reads it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"model\": {\"type\": \"Other\"}}",
        "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}}}",
        "{\"version\": \"9.0\", \"model\": null}",
        "[1]",
        "{\"version\": \"1.0\", \"model\":",
        "nonsense"
      })
  void ofTokenizersThatAreNone(String wrong) throws IOException {
    Files.delete(model.resolve("tokenizer_config.json"));
    Path tokenizer = Files.writeString(model.resolve("tokenizer.json"), wrong);
    assertIsRefusedInOwnWords(tokenizer, "score", model.toString(), "--input", rows.toString());
    assertIsRefusedInOwnWords(tokenizer, "plan", yaml.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "name: [a",
        "name: {a: b",
        "name: \"a",
        "\tname: a",
        "name: a: b",
        "name: @a",
        "name: *a",
        "name: * a",
        "name: &",
        "%name: a",
        "name: | a\n  b",
        "name: \"\\q\"",
        "name: !!python/object a",
        "- a\nname: b",
        "a\n---\nb",
        "name: \u0007",
        "? [a]\n: b",
        "a: &x [*x]",
        "PAR1\0\1",
        "{\"name\": \"p\"",
        ""
      })
  void ofPipelinesThatAreNoYaml(String wrong) throws IOException {
    Files.writeString(yaml, wrong);
    assertIsRefusedInOwnWords(yaml, "validate", yaml.toString());
  }

  @Test
  void ofPathsAndValuesThatAreNone() throws IOException {
    Path none = Path.of("");
    String zero = "a\0b";
    assertIsRefusedInOwnWords(none, "score", model.toString(), "--input", zero);
    assertIsRefusedInOwnWords(none, "score", zero, "--input", rows.toString());
    assertIsRefusedInOwnWords(none, "scan", model.toString(), "--top-percent", "many");
    assertIsRefusedInOwnWords(none, "scan", model.toString(), "--device", "tpu");
    assertIsRefusedInOwnWords(none, "scan", model.toString(), "--modules", "re:(");
    assertIsRefusedInOwnWords(none, "select", folder.toString(), "--top-percent", "50");
    Files.writeString(yaml, PIPELINE.replace("rows.jsonl", "\"a\\0b\""));
    assertIsRefusedInOwnWords(none, "plan", yaml.toString());
    Files.writeString(yaml, PIPELINE.replace("tiny-llama", "\"a\\0b\""));
    assertIsRefusedInOwnWords(none, "plan", yaml.toString());
    Files.writeString(yaml, PIPELINE.replace("rows.jsonl", "'[a'"));
    assertIsRefusedInOwnWords(none, "plan", yaml.toString());
  }

  @Test
  void ofCompressedRowsThatAreDamaged() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write("{\"text\": \"a\"}\n".repeat(99).getBytes(StandardCharsets.UTF_8));
    }
    byte[] whole = bytes.toByteArray();
    for (int length = 3; length < whole.length; length += 5) {
      Files.write(rows, Arrays.copyOf(whole, length));
      assertIsRefusedInOwnWords(rows, "score", model.toString(), "--input", rows.toString());
    }
    for (int i = 10; i < whole.length; i += 3) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 0x55;
      Files.write(rows, damaged);
      assertIsRefusedInOwnWords(rows, "score", model.toString(), "--input", rows.toString());
    }
  }

  @Test
  void ofTemplatesThatAreNone() throws IOException {
    Path template = folder.resolve("chat.jinja");
    for (String wrong :
        List.of("{% if %}", "{{ a", "{% for x in %}", "{{ 1 +* 2 }}", "{% end %}")) {
      Files.writeString(template, wrong);
      assertIsRefusedInOwnWords(
          template, "render", template.toString(), "--input", rows.toString());
    }
    Files.write(template, new byte[] {(byte) 0xff});
    assertIsRefusedInOwnWords(template, "render", template.toString(), "--input", rows.toString());
  }

  @Test
  void ofValuesThatFillPages() throws IOException {
    String pages = "[0" + ",0".repeat(20_000) + "]";
    for (String wrong :
        List.of(
            "config.json architectures",
            "tokenizer_config.json bos_token",
            "generation_config.json eos_token_id")) {
      String[] words = wrong.split(" ", -1);
      Path file = model.resolve(words[0]);
      byte[] before = Files.readAllBytes(file);
      ObjectNode root = (ObjectNode) Polyphase.json(file);
      root.set(words[1], Polyphase.parse(words[1].startsWith("eos") ? "[" + pages + "]" : pages));
      Files.writeString(file, root.toString());
      assertIsRefusedInOwnWords(file, "plan", yaml.toString());
      Files.write(file, before);
    }
  }

  private static void assertIsRefusedInOwnWords(Path place, String... command) {
    Polyphase.Ended ended = Polyphase.execute(command);
    String context = String.join(" ", command) + "\n" + ended.messages();
    assertThat(ended.exitCode()).as(context).isEqualTo(2);
    assertThat(ended.results()).as(context).isEmpty();
    List<String> lines = ended.messages().lines().toList();
    assertThat(lines).as(context).isNotEmpty().hasSizeLessThanOrEqualTo(MOST_LINES);
    assertThat(lines.get(0)).as(context).startsWith(place.toString());
    assertThat(lines).as(context).allMatch(line -> line.length() <= LONGEST_LINE);
    assertThat(ended.messages()).as(context).doesNotContain(Polyphase.LIBRARIES);
  }
}
