package dev.polyphase.reports;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The report as one HTML file, which loads nothing and runs nothing. */
public final class ReportPage {
  private static final String STYLE = "page.css";

  private ReportPage() {}

  /** The text of {@code index.html}. */
  public static String write(Report report) {
    StringBuilder sections = new StringBuilder();
    List<PhaseReport> phases = report.phases();
    for (int i = 0; i < phases.size(); i++) {
      sections.append(PhaseSection.of(i, phases.get(i), i == 0 ? null : phases.get(i - 1)));
    }
    String name = Markup.escape(report.name());
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>%s: what each phase trained</title>
        <style>
        %s</style>
        </head>
        <body>
        <header>
        <h1>%s</h1>
        <p>%s · begun %s · Polyphase %s</p>
        </header>
        <main>
        <section>
        <div class="scroll">
        %s</div>
        %s</section>
        %s</main>
        </body>
        </html>
        """
        .formatted(
            name,
            style(),
            name,
            Markup.escape(report.baseModel()),
            Markup.escape(report.started()),
            Markup.escape(report.version()),
            HeatmapSvg.inline(report),
            Overview.table(report),
            sections);
  }

  private static String style() {
    try (InputStream in = ReportPage.class.getResourceAsStream(STYLE)) {
      if (in == null) {
        throw new IllegalStateException("the build lacks " + STYLE);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
