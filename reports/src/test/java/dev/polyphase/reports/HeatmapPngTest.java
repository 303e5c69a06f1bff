package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

class HeatmapPngTest {
  private static final int SCALE = 2;

  @TempDir Path folder;

  @Test
  void everyModuleHasTheColourAndTheMarkOfTheSvg() throws Exception {
    for (Report report : List.of(Reports.small(), Reports.large(3, 80))) {
      BufferedImage png = read(HeatmapPng.write(report));
      Xml svg = Xml.parse(HeatmapSvg.write(report));
      assertThat(png.getWidth()).isEqualTo(SCALE * Xml.number(svg.root(), "width"));
      assertThat(png.getHeight()).isEqualTo(SCALE * Xml.number(svg.root(), "height"));

      for (Element module : svg.modules()) {
        int left = SCALE * Xml.number(module, "x");
        int top = SCALE * Xml.number(module, "y");
        int right = left + SCALE * Xml.number(module, "width") - 1;
        int bottom = top + SCALE * Xml.number(module, "height") - 1;
        int fill = Integer.decode(module.getAttribute("fill"));
        assertThat(rgb(png, left, top)).isEqualTo(fill);
        assertThat(rgb(png, right, bottom)).isEqualTo(fill);
        boolean trained = module.getTextContent().contains("trained");
        int middle = rgb(png, (left + right) / 2, (top + bottom) / 2);
        assertThat(middle != fill).as(module.getTextContent()).isEqualTo(trained);
      }
    }
  }

  @Test
  void textIsDrawnWhereTheSvgHasIt() throws Exception {
    Report report = Reports.small();
    BufferedImage png = read(HeatmapPng.write(report));
    for (Heatmap.Label label : HeatmapLayout.whole(report).labels()) {
      int left = (int) (SCALE * label.left());
      int top = (int) (SCALE * (label.y() - 0.7 * label.style().size()));
      int width = (int) (SCALE * label.style().width(label.text()));
      int ink = 0;
      for (int y = top; y <= SCALE * label.y(); y++) {
        for (int x = left; x < left + width; x++) {
          ink += rgb(png, x, y) == label.style().tone().rgb() ? 1 : 0;
        }
      }
      assertThat(ink).as(label.text()).isGreaterThan(2 * label.text().length());
    }
  }

  @Test
  void verySmallAndVeryLargePicturesAreDrawn() throws Exception {
    assertThat(read(HeatmapPng.write(Reports.of())).getWidth()).isGreaterThan(100);
    Report report = Reports.large(90, 2);
    Heatmap layout = HeatmapLayout.whole(report);
    assertThat((long) layout.width() * layout.height()).isGreaterThan(8_000_000);
    assertThat(read(HeatmapPng.write(report)).getWidth()).isEqualTo(layout.width());
  }

  /** Servers have no fonts, and a small Java has no java.desktop. */
  @Test
  void nothingButTheBaseOfJavaIsNeeded() throws Exception {
    Path file = folder.resolve("heatmap.png");
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--limit-modules",
                "java.base",
                "-cp",
                "target/classes" + File.pathSeparator + "target/test-classes",
                WritePng.class.getName(),
                file.toString())
            .inheritIO()
            .start();

    assertThat(java.waitFor()).isZero();
    assertThat(Files.readAllBytes(file)).isEqualTo(HeatmapPng.write(Reports.small()));
  }

  private static BufferedImage read(byte[] png) throws Exception {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  private static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xffffff;
  }
}
