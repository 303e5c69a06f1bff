package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MarginChartTest {
  private static final List<Double> EDGES = List.of(-1.0, 0.0, 1.0, 2.0);

  @Test
  void barsLieWhereTheAxesSay() throws Exception {
    Margins margins = new Margins(EDGES, new Margins.Spread(List.of(2L, 4L, 3L), 1), null, null);

    Xml chart = Xml.parse("<div>" + MarginChart.figures(margins) + "</div>");

    // From 54 to 428 for margins -1 to 2; from 172 up to 10 for 0 to 4 pairs.
    assertThat(chart.all("rect"))
        .extracting(bar -> bar.getAttribute("x"))
        .containsExactly("54.0", "178.7", "303.3");
    assertThat(chart.all("rect"))
        .extracting(bar -> bar.getAttribute("y"))
        .containsExactly("91.0", "10.0", "50.5");
    assertThat(chart.all("rect"))
        .extracting(bar -> bar.getAttribute("height"))
        .containsExactly("81.0", "162.0", "121.5");
    assertThat(chart.texts("title"))
        .containsExactly("-1.000 to 0: 2 pairs", "0 to 1.000: 4 pairs", "1.000 to 2.000: 3 pairs");
    assertThat(chart.texts("figcaption"))
        .containsExactly(
            "margins of 10 pairs: 70.0 % above 0, 20.0 % below, 10.0 % ties, as seen last");
    assertThat(chart.all("line"))
        .filteredOn(line -> line.getAttribute("class").equals("zero"))
        .extracting(line -> line.getAttribute("x1"))
        .containsExactly("178.7");
  }

  @Test
  void heldOutPairsBeforeThePhaseAreAnOutline() throws Exception {
    Margins margins =
        new Margins(
            EDGES,
            null,
            new Margins.Spread(List.of(4L, 0L, 0L), 0),
            new Margins.Spread(List.of(0L, 2L, 2L), 0));

    Xml chart = Xml.parse("<div>" + MarginChart.figures(margins) + "</div>");

    assertThat(chart.all("path"))
        .extracting(path -> path.getAttribute("d"))
        .containsExactly("M54.0 172.0V10.0H178.7V172.0H303.3V172.0H428.0V172.0");
    assertThat(chart.texts("figcaption"))
        .containsExactly(
            "held-out margins of 4 pairs: 100.0 % above 0, 0.0 % below, 0.0 % ties;"
                + " before (line) 4 pairs: 0.0 % above 0, 100.0 % below, 0.0 % ties");
  }

  @Test
  void tiesAloneAreNoPicture() {
    Margins.Spread ties = new Margins.Spread(List.of(0L, 0L, 0L), 5);

    assertThat(MarginChart.figures(new Margins(EDGES, ties, ties, ties)))
        .contains("of 5 pairs: 0.0 % above 0, 0.0 % below, 100.0 % ties, as seen last")
        .contains("every pair is a tie")
        .doesNotContain("<svg");
  }
}
