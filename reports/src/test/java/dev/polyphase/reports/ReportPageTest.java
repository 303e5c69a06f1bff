package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportPageTest {

  @Test
  void thePageIsWellFormed() throws Exception {
    for (Report report : List.of(Reports.small(), Reports.of(), Reports.large(3, 80))) {
      parse(ReportPage.write(report));
    }
  }

  @Test
  void thePageLoadsAndRunsNothing() {
    String page = ReportPage.write(Reports.small());

    assertThat(page)
        .contains("default-src 'none'")
        .doesNotContain("http:", "https:", "<script", "<link", "<img", "@import", "url(", "src=");
    assertThat(page).doesNotContainPattern("\\son[a-z]+=");
  }

  @Test
  void thePageFollowsTheThemeOfItsReader() {
    assertThat(ReportPage.write(Reports.small())).contains("prefers-color-scheme: dark");
  }

  @Test
  void totalsStandSideBySide() throws Exception {
    Xml page = parse(ReportPage.write(Reports.small()));

    assertThat(row(page, "modules trained"))
        .containsExactly("2 of 6 (33.3 %)", "1 of 3 (33.3 %)", "–");
    assertThat(row(page, "always trained")).containsExactly("lm_head", "–", "–");
    assertThat(row(page, "parameters trained")).containsExactly("250 of 1,000 (25.0 %)", "–", "–");
    assertThat(row(page, "values changed")).containsExactly("249 (99.6 % of those)", "–", "–");
    assertThat(row(page, "steps")).containsExactly("12", "–", "–");
    assertThat(row(page, "rows"))
        .containsExactly("900 of 1,000: 20 cut, 70 dropped, 30 without loss", "–", "–");
    assertThat(row(page, "rows by dataset"))
        .containsExactly(
            "maths: 580 of 600: 20 cut, 20 dropped, 2,456 tokens;"
                + " <german>: 320 of 400: 50 dropped, 30 without loss, 1,000 tokens",
            "–",
            "–");
    assertThat(row(page, "held-out rows")).containsExactly("12 of 12", "–", "–");
    assertThat(page.texts("p")).contains("phase foundation: much was cut");
    assertThat(row(page, "tokens")).containsExactly("3,456", "–", "–");
    assertThat(row(page, "time")).containsExactly("1 min 15 s", "–", "–");
    assertThat(row(page, "training loss")).containsExactly("2.000 → 1.500", "NaN → NaN", "–");
    assertThat(row(page, "held-out loss")).containsExactly("2.250 → 1.750", "–", "–");
    assertThat(row(page, "state")).containsExactly("finished", "begun, not finished", "pending");
  }

  @Test
  void whatEnteredAndLeftIsListedByType() throws Exception {
    Xml page = parse(ReportPage.write(Reports.small()));

    assertThat(page.texts("summary"))
        .contains("Beside foundation: 1 module entered, 3 left")
        .contains("Trained modules: 2 of 6 modules and 1 always trained", "mlp.up_proj: 1 of 3")
        .contains("Settings", "Data: 1 file");
    assertThat(row(page, "mlp.up_proj")).containsExactly("0", "1", "");
    assertThat(row(page, "self_attn.q_proj")).containsExactly("", "0", "");
    assertThat(row(page, "lm_head")).containsExactly("–");
    assertThat(row(page, "model.layers.1.mlp.up_proj")).containsExactly("SNR 0.7500");
    assertThat(row(page, "learning_rate")).containsExactly("1e-5");
    assertThat(row(page, "data/math.jsonl")).containsExactly("sha256 ab12");
  }

  @ParameterizedTest
  @CsvSource({
    "mlp.experts.%d.up_proj, mlp.experts.*.up_proj",
    "mlp.experts.up_proj[%d], mlp.experts.up_proj"
  })
  void expertsAreListedByLayer(String name, String type) throws Exception {
    PhaseReport first =
        Reports.phase(
            "first", List.of(expert(0, name, 10), expert(0, name, 2), expert(1, name, 0)));
    PhaseReport second =
        Reports.phase(
            "second",
            List.of(
                expert(3, name, 9),
                expert(3, name, 10),
                expert(3, name, 1),
                expert(1, name, 0),
                Reports.module(3, "self_attn.q_proj", 1, 1, true)));

    Xml page = parse(ReportPage.write(Reports.of(first, second)));

    assertThat(page.texts("summary"))
        .contains("Beside first: 4 modules entered, 2 left", type + ": 4 of 4");
    assertThat(row(page, type))
        .containsExactly("3 (experts 1, 9, 10)", "0 (experts 2, 10)", "1 (expert 0)");
    assertThat(row(page, "self_attn.q_proj")).containsExactly("3", "", "");
  }

  private static ModuleReport expert(int layer, String name, int expert) {
    return Reports.module(layer, name.formatted(expert), 1, 1, true);
  }

  /** However many there are, they push nothing else aside. */
  @Test
  void lossesOfDatasetsAreFoldedAway() throws Exception {
    List<Curve> curves = new ArrayList<>();
    for (String name : List.of("loss", "loss/math", "loss/chat", "eval_loss/math")) {
      curves.add(new Curve(name, List.of(new Curve.Point(1, 2), new Curve.Point(9, 1.5))));
    }
    PhaseReport mixed =
        Reports.phase(
            "mixed",
            "sft",
            PhaseReport.Status.FINISHED,
            List.of(),
            List.of(),
            null,
            curves,
            List.of(new HeldOut("eval_loss", 2.0, 1.5), new HeldOut("eval_loss/math", 3.0, 2.5)));

    String text = ReportPage.write(Reports.of(mixed));

    Xml page = parse(text);
    assertThat(page.texts("summary")).contains("Loss by dataset");
    int fold = text.indexOf("<summary>Loss by dataset</summary>");
    assertThat(text.indexOf("<b>loss</b>")).isBetween(0, fold);
    for (String name : List.of("loss/math", "loss/chat", "eval_loss/math")) {
      assertThat(text.indexOf("<b>" + name + "</b>")).isGreaterThan(fold);
    }
    assertThat(row(page, "held-out loss/math")).containsExactly("3.000 → 2.500");
    assertThat(text.indexOf("held-out loss/math")).isGreaterThan(fold);
    assertThat(row(page, "held-out loss")).containsExactly("2.000 → 1.500");
    assertThat(ReportPage.write(Reports.small())).doesNotContain("Loss by dataset");
  }

  @Test
  void rescansAreATable() throws Exception {
    PhaseReport moving =
        Reports.rescanned(
            Reports.phase("moving", List.of()),
            new RescanReport(1000, List.of("a", "b"), List.of("c")),
            new RescanReport(2000, List.of(), List.of()));

    String text = ReportPage.write(Reports.of(moving));

    Xml page = parse(text);
    assertThat(page.texts("summary"))
        .contains("Chosen anew on the way: 2 times, 2 modules entered, 1 left");
    assertThat(row(page, "after step 1,000")).containsExactly("a, b", "c");
    assertThat(row(page, "after step 2,000")).containsExactly("", "");
    assertThat(ReportPage.write(Reports.of(Reports.phase("still", List.of()))))
        .doesNotContain("Chosen anew");
  }

  /** One of them leaves and comes back, one never enters. */
  @Test
  void whatWasTrainedAtATimeStandsBesideWhatEverWas() throws Exception {
    List<ModuleReport> modules =
        List.of(
            Reports.module(0, "t", 5, 1, true),
            Reports.module(1, "t", 4, 2, true),
            Reports.module(2, "t", 3, 3, true),
            Reports.module(3, "t", 2, 4, true),
            Reports.module(4, "t", 1, 5, false));
    String layer = "model.layers.%d.t";
    PhaseReport moving =
        Reports.rescanned(
            Reports.phase("moving", modules),
            new RescanReport(
                5, List.of(layer.formatted(2), layer.formatted(3)), List.of(layer.formatted(0))),
            new RescanReport(10, List.of(layer.formatted(0)), List.of(layer.formatted(2))));
    PhaseReport same =
        Reports.rescanned(
            Reports.phase("same", modules), new RescanReport(5, List.of(), List.of()));

    Report report = Reports.of(moving, same, Reports.phase("still", modules));
    Xml page = parse(ReportPage.write(report));

    assertThat(row(page, "modules trained"))
        .containsExactly(
            "4 of 5 (80.0 %), 2 to 3 at a time", "4 of 5 (80.0 %), 4 at a time", "4 of 5 (80.0 %)");
    assertThat(page.texts("summary"))
        .contains(
            "Trained modules: 4 of 5 modules trained, 2 to 3 at a time",
            "Trained modules: 4 of 5 modules trained",
            "Beside moving, all that was trained at any time: 0 modules entered, 0 left",
            "Beside same, all that was trained at any time: 0 modules entered, 0 left");
    assertThat(Xml.parse(HeatmapSvg.write(report)).texts("text"))
        .containsSubsequence("4 of 5 modules trained", "2 to 3 at a time, 2 rescans")
        .containsSubsequence("4 of 5 modules trained", "4 at a time, 1 rescan")
        .filteredOn(text -> text.contains("at a time"))
        .hasSize(2);
  }

  @Test
  void hostileTextStaysText() throws Exception {
    String hostile = "</style><script>alert('x')</script>\"&%s😀";
    PhaseReport phase =
        new PhaseReport(
            hostile,
            hostile,
            hostile,
            PhaseReport.Status.FINISHED,
            List.of(new ModuleReport(hostile, hostile, 0, 1.0, 1, true)),
            List.of(new ModuleReport(hostile + 2, hostile, null, null, null, true)),
            List.of(new RescanReport(1, List.of(hostile + 3), List.of(hostile + 4))),
            List.of(hostile + 5),
            null,
            List.of(new Curve(hostile, List.of(new Curve.Point(1, 1)))),
            List.of(new HeldOut(hostile, 1.0, null)),
            null,
            List.of(new Setting(hostile, hostile)),
            List.of(new DataFile(hostile, hostile)));
    String page =
        ReportPage.write(new Report(hostile, hostile, hostile, hostile, List.of(phase, phase)));

    assertThat(page).doesNotContain("<script", "</style><");
    Xml parsed = parse(page);
    assertThat(parsed.texts("h1")).containsExactly(hostile);
    assertThat(parsed.texts("th")).contains(hostile);
    assertThat(parsed.texts("td")).contains(hostile, hostile + 3, hostile + 4, "sha256 " + hostile);
    assertThat(parsed.texts("p")).contains(hostile + 5);
    assertThat(parsed.texts("figcaption")).contains(hostile + " 1.000 → 1.000");
  }

  /** The page in the syntax that HTML and XML share, but for the elements that HTML leaves open. */
  private static Xml parse(String page) throws Exception {
    return Xml.parse(
        page.replaceFirst("<!DOCTYPE html>\n", "").replaceAll("<meta ([^>]*)>", "<meta $1/>"));
  }

  /** The cells of the first row of that name. */
  private static List<String> row(Xml page, String name) {
    return page.all("tr").stream()
        .map(Xml::new)
        .filter(row -> row.texts("th").equals(List.of(name)))
        .findFirst()
        .orElseThrow()
        .texts("td");
  }
}
