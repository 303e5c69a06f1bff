package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Rectangle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Element;

class HeatmapSvgTest {
  private static final Path GOLDEN =
      Path.of("src/test/resources/dev/polyphase/reports/heatmap.svg");

  /** After a change that is meant: -Dgolden.update=true writes the file anew, to be looked at. */
  @Test
  void theSmallReportIsDrawnAsTheGoldenFile() throws Exception {
    String drawn = HeatmapSvg.write(Reports.small());
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(GOLDEN, drawn);
    }
    assertThat(drawn).isEqualTo(Files.readString(GOLDEN));
  }

  @Test
  void aPointerShowsNameFateValueAndRank() throws Exception {
    assertThat(Xml.parse(HeatmapSvg.write(Reports.small())).texts("title"))
        .contains(
            "model.layers.1.mlp.up_proj: trained, SNR 0.7500, rank 1 of 3",
            "model.layers.2.mlp.up_proj: frozen, SNR NaN, rank 3 of 3",
            "model.layers.0.self_attn.q_proj: trained, SNR Infinity, rank 1 of 3",
            "model.layers.2.self_attn.q_proj: frozen, SNR 0, rank 3 of 3",
            "lm_head: trained");
  }

  @Test
  void trainedIsGreenWithAMarkAndFrozenIsRed() throws Exception {
    Xml svg = Xml.parse(HeatmapSvg.write(Reports.small()));
    for (Element module : svg.modules()) {
      int rgb = Integer.decode(module.getAttribute("fill"));
      int red = rgb >> 16;
      int green = rgb >> 8 & 0xff;
      if (module.getTextContent().contains("trained")) {
        assertThat(green).as(module.getTextContent()).isGreaterThan(red);
      } else {
        assertThat(red).as(module.getTextContent()).isGreaterThan(green);
      }
    }
    int legend = 5;
    int trained = 4;
    assertThat(svg.all("circle")).hasSize(legend + trained);
  }

  @Test
  void theWorseTheRankTheWeakerTheColour() throws Exception {
    List<ModuleReport> modules =
        List.of(
            Reports.module(0, "t", 4, 1, true),
            Reports.module(1, "t", 3, 2, true),
            Reports.module(2, "t", 2, 3, false),
            Reports.module(3, "t", 1, 4, false));
    Xml svg = Xml.parse(HeatmapSvg.write(Reports.of(Reports.phase("p", modules))));

    List<Integer> lightness =
        svg.modules().stream()
            .map(module -> Integer.decode(module.getAttribute("fill")))
            .map(rgb -> (rgb >> 16) + (rgb >> 8 & 0xff) + (rgb & 0xff))
            .toList();
    assertThat(lightness).isSorted().doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({"3, 3", "3, 20", "3, 48", "3, 80", "5, 28", "1, 126"})
  void everyModuleHasAPlaceOfItsOwnWithinThePicture(int phases, int layers) throws Exception {
    Report report = Reports.large(phases, layers);
    Xml svg = Xml.parse(HeatmapSvg.write(report));
    Rectangle picture =
        new Rectangle(Xml.number(svg.root(), "width"), Xml.number(svg.root(), "height"));

    Set<Integer> taken = new HashSet<>();
    for (Element module : svg.modules()) {
      Rectangle box =
          new Rectangle(
              Xml.number(module, "x"),
              Xml.number(module, "y"),
              Xml.number(module, "width"),
              Xml.number(module, "height"));
      assertThat(picture.contains(box)).isTrue();
      for (int y = box.y; y < box.y + box.height; y++) {
        for (int x = box.x; x < box.x + box.width; x++) {
          assertThat(taken.add(y * picture.width + x)).as("%s is free", box).isTrue();
        }
      }
    }
    assertThat(svg.modules()).hasSize(phases * 7 * layers);
  }

  @Test
  void theLegendFitsTheSmallestPicture() {
    List<ModuleReport> one = List.of(Reports.module(0, "t", 1, 1, true));
    Heatmap heatmap =
        HeatmapLayout.whole(new Report("n", "n", "n", "n", List.of(Reports.phase("one", one))));

    for (Heatmap.Label label : heatmap.labels()) {
      assertThat(label.left() + label.style().width(label.text()))
          .as(label.text())
          .isLessThan(heatmap.width());
    }
  }

  @Test
  void noTextReachesBeyondThePicture() {
    String name = "n".repeat(300);
    List<ModuleReport> modules = List.of(Reports.module(0, name, 1, 1, true));
    Report report =
        new Report(
            name,
            name,
            name,
            name,
            List.of(
                Reports.phase(name, modules),
                PhaseReport.pending(name, name, name, List.of()),
                Reports.phase(name, modules)));
    Heatmap heatmap = HeatmapLayout.whole(report);

    assertThat(heatmap.width()).isLessThan(2000);
    for (Heatmap.Label label : heatmap.labels()) {
      assertThat(label.left()).isNotNegative();
      assertThat(label.left() + label.style().width(label.text())).isLessThan(heatmap.width());
      assertThat(label.y()).isBetween(0.0, (double) heatmap.height());
    }
    assertThat(heatmap.labels())
        .extracting(Heatmap.Label::text)
        .anyMatch(text -> text.contains("…"));
  }

  @Test
  void hostileNamesStayText() throws Exception {
    String hostile = "<script>alert(\"1\" & '2')</script> ü 語 😀";
    String unwritable = "\0\u001b\ud800";
    List<ModuleReport> modules =
        List.of(
            new ModuleReport(hostile, hostile, null, 1.0, 1, true),
            new ModuleReport("a" + unwritable, "a" + unwritable, null, 1.0, 1, true));
    Report report = new Report(hostile, hostile, "", "", List.of(Reports.phase(hostile, modules)));
    Xml svg = Xml.parse(HeatmapSvg.write(report));

    assertThat(svg.all("script")).isEmpty();
    assertThat(svg.texts("title"))
        .contains(hostile + ": trained, SNR 1.000, rank 1 of 1")
        .contains("a\ufffd\ufffd\ufffd: trained, SNR 1.000, rank 1 of 1");
    assertThat(svg.root().getAttribute("aria-label")).contains(hostile);
  }

  @Test
  void layersOfTwoStacksAreNotMixed() throws Exception {
    List<ModuleReport> modules =
        List.of(
            new ModuleReport("encoder.layers.0.fc", "fc", 0, 1.0, 1, true),
            new ModuleReport("decoder.layers.0.fc", "fc", 0, 0.5, 2, false));
    Xml svg = Xml.parse(HeatmapSvg.write(Reports.of(Reports.phase("p", modules))));

    assertThat(svg.texts("text")).contains("encoder.layers.*.fc", "decoder.layers.*.fc");
    assertThat(svg.modules()).extracting(box -> Xml.number(box, "y")).doesNotHaveDuplicates();
  }

  @Test
  void expertsShareAStripInWhichEachHasALine() throws Exception {
    // Ranked as types of their own, as one type, and as parts of one tensor.
    List<ModuleReport> modules = new ArrayList<>();
    for (int expert = 0; expert < 128; expert++) {
      for (int layer = 0; layer < 3; layer++) {
        String of = "model.layers." + layer + ".mlp.experts.";
        String type = "mlp.experts." + expert + ".up_proj";
        modules.add(new ModuleReport(of + expert + ".up_proj", type, layer, 1.0, 1, true));
        String all = "mlp.experts.*.down_proj";
        modules.add(new ModuleReport(of + expert + ".down_proj", all, layer, 1.0, 1, true));
        String part = of + "gate_up_proj[" + expert + "]";
        modules.add(new ModuleReport(part, "experts.gate_up_proj", layer, 1.0, 1, expert < 9));
      }
    }
    modules.add(Reports.module(0, "mlp.gate", 1, 1, true));
    Xml svg = Xml.parse(HeatmapSvg.write(Reports.of(Reports.phase("p", modules))));

    assertThat(svg.modules()).hasSize(modules.size());
    assertThat(svg.texts("text"))
        .contains("mlp.experts.*.up_proj", "mlp.experts.*.down_proj", "mlp.experts.gate_up_proj")
        .contains("experts 0 to 127", "mlp.gate")
        .doesNotContain("mlp.experts.127.up_proj");
    Set<String> places = new HashSet<>();
    int lowest = 0;
    for (Element box : svg.modules()) {
      assertThat(places.add(Xml.number(box, "x") + "," + Xml.number(box, "y"))).isTrue();
      lowest = Math.max(lowest, Xml.number(box, "y"));
    }
    // Three strips of 128 lines each, not 384 strips.
    assertThat(lowest).isBetween(3 * 128 * 2, 3 * 128 * 4);
  }

  @Test
  void phasesWithoutAScanHaveNoShade() throws Exception {
    List<ModuleReport> modules =
        List.of(
            new ModuleReport("model.layers.0.mlp.up_proj", "mlp.up_proj", 0, null, null, true),
            new ModuleReport("model.layers.1.mlp.up_proj", "mlp.up_proj", 1, null, null, true),
            new ModuleReport("model.norm", "model.norm", null, null, null, false));
    Xml svg = Xml.parse(HeatmapSvg.write(Reports.of(Reports.phase("p", modules))));

    List<Element> boxes = svg.modules();
    assertThat(boxes.get(0).getAttribute("fill")).isEqualTo(boxes.get(1).getAttribute("fill"));
    assertThat(svg.texts("title"))
        .containsExactly(
            "model.layers.0.mlp.up_proj: trained",
            "model.layers.1.mlp.up_proj: trained",
            "model.norm: frozen");
  }

  @Test
  void whatIsNotThereYetIsSaid() throws Exception {
    assertThat(Xml.parse(HeatmapSvg.write(Reports.of())).texts("text"))
        .contains("tiny-llama · 0 of 0 phases finished");
    Report waiting =
        Reports.of(
            PhaseReport.pending("a", "sft", "all parameters", List.of()),
            Reports.phase(
                "b",
                "sft",
                PhaseReport.Status.BEGUN,
                List.of(),
                List.of(),
                null,
                List.of(),
                List.of()));
    assertThat(Xml.parse(HeatmapSvg.write(waiting)).texts("text"))
        .contains("tiny-llama · 0 of 2 phases finished", "pending", "begun, not finished");
  }
}
