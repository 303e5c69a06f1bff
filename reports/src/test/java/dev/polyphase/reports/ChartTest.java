package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ChartTest {

  @Test
  void pointsLieWhereTheAxesSay() throws Exception {
    Xml chart = Xml.parse(Chart.figure(curve(2.0, 1.5, 1.0)));

    // From 54 to 428 for steps 1 to 3; from 172 up to 10 for values 1 to 2.
    assertThat(path(chart)).isEqualTo("M54.0 10.0h0L241.0 91.0L428.0 172.0");
    assertThat(chart.texts("text"))
        .containsExactly("1.0", "1.2", "1.4", "1.6", "1.8", "2.0", "1", "2", "3", "step");
    assertThat(chart.texts("figcaption")).containsExactly("loss 2.000 → 1.000");
  }

  @Test
  void theLineBreaksAtWhatIsNotFinite() throws Exception {
    Xml chart = Xml.parse(Chart.figure(curve(2, Double.NaN, 1, Double.POSITIVE_INFINITY, 2)));

    assertThat(path(chart)).isEqualTo("M54.0 10.0h0M241.0 172.0h0M428.0 10.0h0");
    assertThat(chart.texts("figcaption"))
        .containsExactly("loss 2.000 → 2.000, 2 values not finite");
    assertThat(Chart.figure(curve(Double.NaN))).contains("no finite value");
    assertThat(Chart.figure(curve())).contains("no finite value");
  }

  @Test
  void oneValueStandsInTheMiddle() throws Exception {
    assertThat(path(Xml.parse(Chart.figure(curve(4.0))))).isEqualTo("M54.0 91.0h0");
    assertThat(path(Xml.parse(Chart.figure(curve(0.0))))).startsWith("M54.0 91.0");
  }

  @Test
  void longCurvesKeepTheirPeaksAndTheirEnds() throws Exception {
    double[] values = new double[100_000];
    Arrays.fill(values, 1);
    values[54_321] = 3;
    values[54_322] = -1;
    values[99_999] = 2;
    String path = path(Xml.parse(Chart.figure(curve(values))));

    assertThat(path.length()).isLessThan(100_000);
    // The greatest value at the top, the least at the bottom, 2 in between.
    assertThat(path).contains(" 10.0L").contains(" 172.0L").endsWith("L428.0 50.5");
  }

  @Test
  void ticksAreRoundNumbersThatDiffer() {
    for (double[] range : new double[][] {{0, 1}, {-3, 17}, {0.693, 0.694}, {0, 1e-5}, {1, 3e9}}) {
      Axis axis = Axis.around(range[0], range[1], 5);
      assertThat(axis.from()).isLessThanOrEqualTo(range[0]);
      assertThat(axis.to()).isGreaterThanOrEqualTo(range[1] * (1 - 1e-12));
      assertThat(axis.ticks()).hasSizeBetween(3, 8);
      assertThat(axis.ticks().stream().map(axis::text)).doesNotHaveDuplicates();
    }
    assertThat(Axis.overWhole(1, 3, 6).ticks()).containsExactly(1.0, 2.0, 3.0);
    assertThat(Stream.of(0.0, 0.25).map(Axis.over(0, 1, 4)::text)).containsExactly("0", "0.3");
  }

  private static Curve curve(double... values) {
    List<Curve.Point> points = new ArrayList<>();
    for (double value : values) {
      points.add(new Curve.Point(points.size() + 1L, value));
    }
    return new Curve("loss", points);
  }

  private static String path(Xml chart) {
    return chart.all("path").get(0).getAttribute("d");
  }
}
