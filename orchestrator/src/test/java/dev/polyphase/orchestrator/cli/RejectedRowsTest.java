package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of which one is wrong: what becomes of it, and that the others come to the same again. */
class RejectedRowsTest {
  private static final String PIPELINE =
      """
      name: mostly-good
      base_model: tiny-qwen2
      device: cpu
      phases:
        - name: only
          type: sft
          targeting: {method: parameters, unfrozen_parameters: [lm_head]}
          learning_rate: 1e-3
          micro_batch_size: 10
          max_steps: 2
          datasets: [{path: rows.jsonl}]
      """;

  private static final int WRONG_LINE = 70;
  private static final String WRONG_ROW = "{\"text\": \"row 70";
  private static final String PROBLEM =
      "this row is no JSON: a text that begins here is never closed; the end is missing";
  private static final String WARNING =
      "phase only: 1 of 150 rows (0.7 %) left out as wrong (not JSON: 1); a run writes them to the"
          + " phase's rejected.jsonl; mend them, or set strict: true to have them refused";

  @TempDir Path folder;
  private String yaml = "";
  private Map<String, String> environment = Map.of();

  @BeforeEach
  void files() throws IOException {
    Fixture.QWEN2.copyTo(folder);
    List<String> rows = new ArrayList<>();
    for (int line = 1; line <= 150; line++) {
      rows.add(line == WRONG_LINE ? WRONG_ROW : "{\"text\": \"row %d\"}".formatted(line));
    }
    Files.write(folder.resolve("rows.jsonl"), rows);
    yaml = Files.writeString(folder.resolve("good.yaml"), PIPELINE).toString();
    environment = Map.of("POLYPHASE_HOME", folder.resolve("home").toString());
  }

  @Test
  void oneInManyIsLeftOutAndListed() throws IOException {
    Polyphase.Ended table = polyphase("plan", yaml);
    JsonNode plan = Polyphase.parse(polyphase("plan", yaml, "--json").results()).at("/phases/0");
    Polyphase.Ended ran = polyphase("run", yaml, "--output", runs().toString());

    assertThat(table.exitCode()).as(table.messages()).isZero();
    assertThat(table.results())
        .contains("\n" + WARNING + "\n", "\nphase only: " + problem() + "\n");
    assertThat(plan.path("warnings"))
        .extracting(JsonNode::textValue)
        .containsExactly(WARNING, "phase only: " + problem());
    assertThat(plan.at("/data/bad").toString()).isEqualTo("{\"not JSON\":1}");
    assertThat(plan.at("/data/read").intValue()).isEqualTo(150);
    assertThat(plan.at("/data/kept").intValue()).isEqualTo(149);

    assertThat(ran.exitCode()).as(ran.messages()).isZero();
    assertThat(ran.messages()).contains(WARNING, problem());
    Path phase = runs().resolve("mostly-good/phase-01-only");
    assertThat(Polyphase.steps(phase.resolve("metrics.jsonl"))).isNotEmpty();
    assertThat(phase.resolve("model/model.safetensors")).isNotEmptyFile();
    List<String> rejected = Files.readAllLines(phase.resolve("rejected.jsonl"));
    assertThat(rejected).hasSize(1);
    JsonNode row = Polyphase.parse(rejected.get(0));
    assertThat(row.path("file").textValue()).endsWith("rows.jsonl");
    assertThat(row.path("line").intValue()).isEqualTo(WRONG_LINE);
    assertThat(row.path("reason").textValue()).isEqualTo("not JSON");
    assertThat(row.path("problem").textValue()).isEqualTo(PROBLEM);
    assertThat(row.path("row").textValue()).isEqualTo(WRONG_ROW);
  }

  @Test
  void whereRowsAreStrictNoneMayBeWrong() {
    Polyphase.Ended ran =
        polyphase("run", yaml, "--output", runs().toString(), "--set", "phases.only.strict=true");

    assertThat(ran.exitCode()).isEqualTo(2);
    assertThat(ran.messages())
        .contains(problem(), "1 not JSON", "take strict away")
        .doesNotContain(Polyphase.LIBRARIES);
    assertThat(runs()).doesNotExist();
  }

  @Test
  void moreThanMayBeAreRefused() {
    Polyphase.Ended ran =
        polyphase(
            "run", yaml, "--output", runs().toString(), "--set", "phases.only.max_bad_ratio=0.005");

    assertThat(ran.exitCode()).isEqualTo(2);
    assertThat(ran.messages()).contains(problem(), "raise max_bad_ratio, which is 0.005");
    assertThat(runs()).doesNotExist();
  }

  @Test
  void theSameRunComesToTheSameFigures() throws IOException {
    Path metrics = runs().resolve("mostly-good/phase-01-only/metrics.jsonl");
    String[] run = {"run", yaml, "--output", runs().toString(), "--fresh"};
    Polyphase.Ended first = polyphase(run);
    List<ObjectNode> figures = figures(metrics);
    Polyphase.Ended second = polyphase(run);

    assertThat(first.exitCode()).as(first.messages()).isZero();
    assertThat(second.exitCode()).as(second.messages()).isZero();
    assertThat(second.messages()).contains("the earlier run is now ");
    assertThat(figures).isNotEmpty().allMatch(step -> step.path("loss").doubleValue() > 0);
    assertThat(figures(metrics)).isEqualTo(figures);
  }

  @Test
  void rowsAreMadeOfTokensOnce() throws IOException {
    Polyphase.Ended first = polyphase("plan", yaml, "--json");
    Map<Path, FileTime> prepared = prepared();
    // A clock may not have gone on between the two.
    FileTime past = FileTime.fromMillis(1_000_000_000_000L);
    for (Path file : prepared.keySet()) {
      Files.setLastModifiedTime(file, past);
    }
    Polyphase.Ended second = polyphase("plan", yaml, "--json");

    assertThat(first.exitCode()).as(first.messages()).isZero();
    for (String same : List.of("data", "tokens", "steps", "warnings")) {
      JsonNode before = Polyphase.parse(first.results()).at("/phases/0").path(same);
      assertThat(before.isMissingNode()).isFalse();
      assertThat(Polyphase.parse(second.results()).at("/phases/0").path(same)).isEqualTo(before);
    }
    assertThat(prepared).hasSize(1);
    assertThat(prepared()).containsOnlyKeys(prepared.keySet()).containsValue(past);

    Files.writeString(
        folder.resolve("rows.jsonl"),
        Files.readString(folder.resolve("rows.jsonl")).replace("row 71", "Row 71"));
    assertThat(polyphase("plan", yaml).exitCode()).isZero();
    assertThat(prepared()).as("another content is prepared of its own").hasSize(2);
  }

  /** When the tokens of the rows were written. */
  private Map<Path, FileTime> prepared() throws IOException {
    Map<Path, FileTime> times = new HashMap<>();
    try (Stream<Path> files = Files.walk(folder.resolve("home/cache/rows"))) {
      for (Path file : files.filter(f -> f.endsWith("numbers.bin")).toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  /** The figures of steps, without those of the clock. */
  private static List<ObjectNode> figures(Path metrics) throws IOException {
    List<ObjectNode> figures = new ArrayList<>();
    for (String line : Files.readAllLines(metrics)) {
      ObjectNode figure = (ObjectNode) new ObjectMapper().readTree(line);
      figures.add(figure.without("tokens_per_second"));
    }
    return figures;
  }

  /** The wrong row's place, where its text begins that does not end, and what is wrong. */
  private String problem() {
    return "%s:%d:10: %s".formatted(folder.resolve("rows.jsonl"), WRONG_LINE, PROBLEM);
  }

  private Path runs() {
    return folder.resolve("runs");
  }

  private Polyphase.Ended polyphase(String... args) {
    return Polyphase.execute(environment, args);
  }
}
