package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StrokeFontTest {
  private static final String OWN_WORDS = "…·→–";
  private final StrokeFont font = StrokeFont.load();

  @Test
  void everyLetterOfAsciiIsDrawnWithinItsPlaceAndLikeNoOther() {
    Map<List<StrokeFont.Segment>, String> seen = new HashMap<>();
    IntStream.concat(IntStream.rangeClosed('!', '~'), OWN_WORDS.codePoints())
        .forEach(
            letter -> {
              String text = Character.toString(letter);
              List<StrokeFont.Segment> strokes = font.glyph(letter);
              assertThat(strokes).as(text).isNotEmpty().isNotEqualTo(font.glyph('語'));
              assertThat(seen.put(strokes, text)).as(text).isNull();
              for (StrokeFont.Segment stroke : strokes) {
                for (StrokeFont.Point point : List.of(stroke.from(), stroke.to())) {
                  assertThat(point.x()).as(text).isBetween(0.0, 4.3);
                  assertThat(point.y()).as(text).isBetween(-0.8, 9.2);
                }
              }
            });
    assertThat(font.glyph(' ')).isEmpty();
  }

  @Test
  void theRestIsABox() {
    assertThat(font.glyph('ü')).isEqualTo(font.glyph('□')).hasSize(4);
  }

  @Test
  void curvesTouchTheMiddleOfTheirEdges() {
    // The capital O: an oval in a box four wide and seven high.
    assertThat(distance('O', 2, 0)).isLessThan(1e-9);
    assertThat(distance('O', 4, 3.5)).isLessThan(1e-9);
    assertThat(distance('O', 2, 7)).isLessThan(1e-9);
    assertThat(distance('O', 0, 3.5)).isLessThan(1e-9);
    assertThat(distance('O', 2, 3.5)).isBetween(1.9, 2.0);
    assertThat(distance('O', 4, 7)).isGreaterThan(0.8);
  }

  private double distance(int letter, double x, double y) {
    return font.glyph(letter).stream()
        .mapToDouble(stroke -> stroke.distance(x, y))
        .min()
        .orElseThrow();
  }
}
