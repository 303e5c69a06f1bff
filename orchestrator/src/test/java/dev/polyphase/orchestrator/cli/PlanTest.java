package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code plan} on a real checkpoint, against what {@code run} then does. */
class PlanTest {
  private static final String PIPELINE =
      """
      name: planned
      base_model: tiny-qwen2
      device: cpu
      defaults:
        sequence_len: 20
        micro_batch_size: 2
        gradient_accumulation_steps: 2
        learning_rate: 1e-3
        num_epochs: 1.5
      phases:
        - {name: ranked, type: sft, targeting: {top_percent: 50}, datasets: [{path: text.jsonl}],
           eval_datasets: [{path: held-out.jsonl}]}
        - {name: named, type: cpt, datasets: [{path: text.jsonl}], sample_packing: true,
           sequence_len: 1024,
           targeting: {method: parameters, unfrozen_parameters: [model.layers.3, 'lm_head.weight[8:16]']}}
        - {name: pairs, type: dpo, targeting: {top_percent: 34, always_train: []},
           datasets: [{path: pairs.jsonl}], max_tokens: 100}
      """;

  @TempDir Path folder;
  private String yaml = "";

  @BeforeEach
  void files() throws IOException {
    Fixture.QWEN2.copyTo(folder);
    StringBuilder text = new StringBuilder();
    StringBuilder heldOut = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 7; i++) {
      String sentence = "The moon pulls the sea towards it. ".repeat(i % 3 + 1) + i;
      text.append("{\"text\": \"%s\"}%n".formatted(sentence));
      heldOut.append("{\"text\": \"%s\"}%n".formatted(sentence.replace("moon", "sun")));
      pairs.append(
          "{\"prompt\": \"Say\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n".formatted(i));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("held-out.jsonl"), heldOut);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    yaml = Files.writeString(folder.resolve("planned.yaml"), PIPELINE).toString();
  }

  @Test
  void saysWhatTheRunThenDoes() throws IOException {
    Polyphase.Ended planned = Polyphase.execute("plan", yaml, "--json");
    assertThat(planned.exitCode()).as(planned.messages()).isZero();
    assertThat(planned.results()).hasLineCount(1);
    JsonNode plan = new ObjectMapper().readTree(planned.results());
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).as("it writes nothing").hasSize(5);
    }

    String runs = folder.resolve("runs").toString();
    Polyphase.Ended ran = Polyphase.execute("run", yaml, "--output", runs);
    assertThat(ran.exitCode()).as(ran.messages()).isZero();
    JsonNode state = Polyphase.json(folder.resolve("runs/planned/run.json"));

    assertThat(plan.path("phases")).hasSize(3);
    for (int i = 0; i < 3; i++) {
      JsonNode phase = plan.path("phases").path(i);
      JsonNode did = state.path("phases").path(i).path("result");
      assertThat(phase.path("steps")).isEqualTo(did.path("steps"));
      assertThat(phase.path("data")).isEqualTo(did.path("data"));
      assertThat(phase.path("held_out")).isEqualTo(did.path("held_out"));
      assertThat(phase.path("tokens")).isEqualTo(did.path("tokens"));
      assertThat(phase.path("trained_parameters")).isEqualTo(did.path("trained_values"));
      assertThat(phase.path("trained_parameters_exact").booleanValue()).isTrue();
      assertThat(phase.path("fits").booleanValue()).isTrue();
    }
    assertThat(plan.at("/phases/1/patterns/1").toString())
        .isEqualTo("{\"pattern\":\"lm_head.weight[8:16]\",\"tensors\":1,\"parameters\":768}");
    assertThat(plan.path("phases").findValuesAsText("eval_rows")).containsExactly("7", "0", "0");
    // All rows of the packed phase fit into one sequence of 1,024.
    assertThat(plan.at("/phases/0/packing").isNull()).isTrue();
    assertThat(plan.at("/phases/1/packing").doubleValue())
        .isEqualTo(plan.at("/phases/1/tokens_per_epoch").longValue() / 1024.0);
    // One step an epoch; the half of a second one is rounded up.
    assertThat(plan.at("/phases/1/steps").longValue()).isEqualTo(2);
    assertThat(ran.messages())
        .containsOnlyOnce("7 rows were packed into 1 sequences of up to 1,024 tokens");
  }

  @Test
  void theTableHasAColumnForEachPhase() {
    Polyphase.Ended planned = Polyphase.execute("plan", yaml);

    assertThat(planned.messages()).isEmpty();
    assertThat(planned.results())
        .startsWith("planned\nlibtorch 2.7.1 on cpu in float32: ")
        .containsPattern("(?m)^ +ranked +named +pairs$")
        .containsPattern("(?m)^type +sft +cpt +dpo$")
        .containsPattern("(?m)^  mlp.up_proj +2 of 4 +1 of 4 +1 of 4$")
        .containsPattern("(?m)^  lm_head +always +- +-$")
        .containsPattern("(?m)^  packing +- +\\d+\\.\\d % +-$")
        // 2 of 4 blocks' matrices and biases, and the tied head of 272 x 96.
        .containsPattern("(?m)^trained parameters +204,608 .*")
        // Rows 8 to 15 of the tied head of 96 columns.
        .containsPattern("(?m)^lm_head.weight\\[8:16\\] +1 +768$")
        .containsPattern("(?m)^  available on cpu +\\d.* [GM]iB$");
  }

  /** Of 100 answers 99 lie behind a prompt of 39 tokens, one behind one of 5. */
  @Test
  void answersThatAreCutOffAreCountedEverywhere() throws IOException {
    String row = "{\"prompt\": \"%s\", \"completion\": \"yes\"}%n";
    Files.writeString(
        folder.resolve("text.jsonl"),
        row.formatted("x".repeat(39)).repeat(99) + row.formatted("short"));
    Files.writeString(
        folder.resolve("held-out.jsonl"),
        row.formatted("x".repeat(39)).repeat(99) + row.formatted("other"));
    String runs = folder.resolve("runs").toString();
    String[] settings = {
      "--set", "phases.ranked.sequence_len=32", "--set", "phases.ranked.warmup_ratio=0.1"
    };
    String cut =
        "phase ranked: sequence_len, which is 32, leaves no token that carries loss in 99 of 100"
            + " rows (99.0 %); raise it, or shorten them";
    String still =
        "phase ranked can change nothing: the highest learning rate of its 1 step is 0, with which"
            + " a warm-up begins; leave the warm-up out, or train for more steps";
    // cpt reads no prompts.
    Files.writeString(
        Path.of(yaml),
        PIPELINE
            .replace(
                PIPELINE.substring(
                    PIPELINE.indexOf("  - {name: named"), PIPELINE.indexOf("  - {name: pairs")),
                "")
            .replace("num_epochs: 1.5", "num_epochs: 1"));

    Polyphase.Ended table = Polyphase.execute(with(settings, "plan", yaml));
    JsonNode plan =
        Polyphase.parse(Polyphase.execute(with(settings, "plan", yaml, "--json")).results())
            .at("/phases/0");
    Polyphase.Ended ran = Polyphase.execute(with(settings, "run", yaml, "--output", runs));

    assertThat(table.results())
        .containsPattern("(?m)^  rows read +100 +7$")
        .containsPattern("(?m)^    kept +1 +7$")
        .containsPattern("(?m)^    dropped +99 +0$")
        .containsPattern("(?m)^    equal pairs +- +0$")
        .containsPattern("(?m)^  held-out rows read +100 +-$")
        .contains("\n" + cut + "\n", "\n" + still + "\n");
    // The prompt, the answer and its end.
    JsonNode counts =
        Polyphase.parse(
            "{\"read\":100,\"kept\":1,\"cut\":0,\"dropped\":99,\"without_loss\":0,"
                + "\"bad\":{},\"seams\":0,\"equal\":0,\"equal_after_cut\":0,\"pieces\":1,\"tokens\":9,\"duplicates\":0,\"also_held_out\":0,"
                + "\"desirable\":0,\"undesirable\":0}");
    assertThat(plan.path("data")).isEqualTo(counts).isEqualTo(plan.path("held_out"));
    assertThat(plan.path("warnings"))
        .extracting(JsonNode::textValue)
        .containsExactly(cut, cut.replace("rows", "held-out rows"), still);
    assertThat(ran.exitCode()).as(ran.messages()).isZero();
    assertThat(ran.messages()).contains(cut, still, "phase ranked changed nothing: of the ");
    JsonNode result =
        Polyphase.json(folder.resolve("runs/planned/run.json")).at("/phases/0/result");
    assertThat(result.path("data")).isEqualTo(counts).isEqualTo(result.path("held_out"));
    JsonNode report = Polyphase.json(folder.resolve("runs/planned/report/report.json"));
    assertThat(report.at("/phases/0/totals/data/dropped").intValue()).isEqualTo(99);
    assertThat(report.at("/phases/0/warnings/0").textValue()).isEqualTo(cut);
    assertThat(folder.resolve("runs/planned/report/index.html"))
        .content()
        .contains("1 of 100: 99 dropped", cut, "phase ranked changed nothing: of the ");
  }

  private static String[] with(String[] settings, String... command) {
    return Stream.of(command, settings).flatMap(Stream::of).toArray(String[]::new);
  }

  @Test
  void whatOnlyAScanDecidesIsAnUpperBound() {
    String adaptive = "phases.ranked.targeting.top_percent=adaptive";
    String global = "phases.pairs.targeting.ranking=global";

    assertThat(Polyphase.execute("plan", yaml, "--set", adaptive, "--set", global).results())
        // 34 % of 28 modules are 9, of which as many as there are may be of one type.
        .containsPattern("(?m)^  mlp.up_proj +up to 2 of 4 +1 of 4 +up to 4 of 4$")
        .containsPattern("(?m)^trained parameters +at most [0-9,]+ +[0-9,]+ +at most [0-9,]+$");
  }

  @Test
  void makesTheChecksOfRun() {
    String[] wrong = {"--set", "phases.ranked.targeting.top_percent=1", "--set", "dtype=bfloat16"};

    Polyphase.Ended planned =
        Polyphase.execute("plan", yaml, wrong[0], wrong[1], wrong[2], wrong[3]);
    Polyphase.Ended run = Polyphase.execute("run", yaml, wrong[0], wrong[1], wrong[2], wrong[3]);

    assertThat(planned.exitCode()).isEqualTo(2);
    assertThat(planned.results()).isEmpty();
    assertThat(planned.messages()).contains("picks no module").isEqualTo(run.messages());
  }
}
