package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.orchestrator.engine.ModelCard.Chapter;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.reports.Curve;
import dev.polyphase.reports.HeldOut;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

class ModelCardTextTest {
  private static final String PIPELINE =
      """
      name: german
      base_model: any
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 25}, learning_rate: 1e-5,
           datasets: [{path: a.jsonl}]}
        - {name: alignment, type: dpo, targeting: {method: full}, learning_rate: 5e-7,
           datasets: [{path: b.jsonl}], dpo: {beta: 0.2}}
      """;
  private static final PhaseResult RESULT =
      new PhaseResult(
          12,
          3456,
          7,
          250,
          250,
          249,
          250L,
          1.5,
          DataCounts.whole(9, 288),
          null,
          List.of(new EndToken(258, "<|im_end|>"), new EndToken(256, "")),
          null);
  private static final TrainingFigures FIGURES =
      new TrainingFigures(
          List.of(new Curve("loss", List.of(new Curve.Point(1, 2.5), new Curve.Point(12, 1.25)))),
          List.of(new HeldOut("eval_loss", 2.75, 1.5), new HeldOut("eval_runtime", 1.0, 2.0)));

  @Test
  void theFrontMatterIsWhatTheHubReads() {
    assertThat(frontMatter(card("Qwen/Qwen2.5-0.5B", Set.of("b.jsonl"), 2)))
        .isEqualTo(
            Map.of(
                "base_model", "Qwen/Qwen2.5-0.5B",
                "library_name", "transformers",
                "pipeline_tag", "text-generation",
                "model_name", "german, alignment",
                "tags", List.of("generated_from_trainer", "polyphase", "spectrum", "sft", "dpo")));
  }

  @Test
  void hostileNamesStayNames() {
    String location = "x\n---\nlicense: mit # <script>alert(1)</script> |";
    String file = "--- a: b\n| <img src=x> `rm` [x](y) \"'.jsonl";

    String card = card(location, Set.of(file), 1);

    assertThat(frontMatter(card))
        .containsEntry("base_model", location)
        .doesNotContainKey("license");
    String body = card.substring(card.indexOf("\n---\n", 4) + 5);
    assertThat(body)
        .contains("\\<script\\>alert(1)\\</script\\> \\|")
        .contains("| data | --- a: b \\| \\<img src=x\\> \\`rm\\` \\[x\\](y) \"'.jsonl |");
    assertThat(body.lines().filter(line -> line.startsWith("| ") && !line.startsWith("| ---")))
        .allSatisfy(
            line -> assertThat(line.replace("\\|", "").chars().filter(c -> c == '|')).hasSize(3));
  }

  @Test
  void theTableTellsOfEveryPhaseSoFar() {
    assertThat(card("base", Set.of("a.jsonl"), 2))
        .contains("# german, alignment\n")
        .contains("trained from base by Polyphase: foundation (sft), then alignment (dpo).")
        .contains("|  | foundation | alignment |\n| --- | --- | --- |\n")
        .contains(
            "| weights | best 25 % of each type by SNR, and lm\\_head, embed\\_tokens |" + " all |")
        .contains("| data | a.jsonl | a.jsonl |\n| held-out data | held.jsonl | held.jsonl |\n")
        .contains("| trained parameters | 250 (25.0 %) | 250 (25.0 %) |")
        .contains("| learning rate | 1e-5, cosine | 5e-7, cosine |")
        .contains("| preference loss |  | sigmoid, beta 0.2 |")
        .contains("| loss, first and last | 2.5000, 1.2500 | 2.5000, 1.2500 |")
        .contains("| held-out loss, before and after | 2.7500, 1.5000 | 2.7500, 1.5000 |")
        .doesNotContain("runtime")
        .contains("- Polyphase 9.9\n- libtorch 2.7.1 on cpu, float32\n")
        .contains("2406.06623", "2305.18290");
    assertThat(card("base", Set.of("a.jsonl"), 1))
        .doesNotContain("2305.18290", "| preference loss |");
  }

  @Test
  void whatEndsATurnIsSaid() {
    assertThat(card("base", Set.of("a.jsonl"), 2))
        .contains("A turn, or a text, ends with \\<\\|im\\_end\\|\\> (258) or the token 256; ");
  }

  @Test
  void rescansAreALineWhereTheyWereWanted() {
    String epochs = PIPELINE.replace("1e-5,", "1e-5, rescan_every: epoch,");
    String steps = PIPELINE.replace("1e-5,", "1e-5, rescan_every: 1_000,");

    assertThat(card(PIPELINE, 2, 0)).doesNotContain("chosen anew");
    assertThat(card(epochs, 2, 2)).contains("| chosen anew | after each epoch, 2 times |  |");
    assertThat(card(steps, 1, 1)).contains("| chosen anew | every 1,000 steps, once |");
    assertThat(card(steps, 1, 1234)).contains("| chosen anew | every 1,000 steps, 1,234 times |");
    assertThat(card(epochs, 1, 0)).contains("| chosen anew | never |");
  }

  @Test
  void byWhatAPhaseWasTrainedIsSaidWhereItIsAnotherEngine() {
    String both = PIPELINE.replace("1e-5,", "1e-5, engine: {type: trl, processes_per_node: 4},");
    String all = "engine: {type: trl}\n" + PIPELINE;

    assertThat(card(PIPELINE, 2, 0)).doesNotContain("trained with");
    assertThat(card(both, 2, 0)).contains("| trained with | TRL on 4 processes | Polyphase |");
    assertThat(card(all, 1, 0)).contains("| trained with | TRL |");
  }

  @Test
  void aVersionWithoutADeviceHasTheOnesBesideIt() {
    assertThat(
            card(
                PIPELINE,
                "base",
                Set.of(),
                1,
                0,
                new Compute("TRL 1.13.0", null, null, "2 processes, with torch 2.13.0")))
        .contains("- TRL 1.13.0: 2 processes, with torch 2.13.0\n")
        .doesNotContain("null");
  }

  private static String card(String yaml, int phases, int rescans) {
    return card(yaml, "base", Set.of(), phases, rescans);
  }

  private static String card(String base, Set<String> files, int phases) {
    return card(PIPELINE, base, files, phases, 0);
  }

  private static String card(String yaml, String base, Set<String> files, int phases, int rescans) {
    return card(
        yaml, base, files, phases, rescans, new Compute("libtorch 2.7.1", "cpu", "float32", "so"));
  }

  private static String card(
      String yaml, String base, Set<String> files, int phases, int rescans, Compute compute) {
    Pipeline pipeline = PipelineReader.parse(yaml, "p", List.of());
    List<Chapter> chapters = new ArrayList<>();
    for (int i = 0; i < phases; i++) {
      chapters.add(
          new Chapter(
              pipeline.phases().get(i), files, Set.of("held.jsonl"), RESULT, rescans, FIGURES));
    }
    return ModelCardText.of(
        pipeline, new Origin(base, Optional.of(base), Map.of()), chapters, 1000, "9.9", compute);
  }

  /** As a YAML reader that is not ours sees it. */
  private static Map<String, Object> frontMatter(String card) {
    assertThat(card).startsWith("---\n");
    String yaml = card.substring(4, card.indexOf("\n---\n", 4) + 1);
    return new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
  }
}
