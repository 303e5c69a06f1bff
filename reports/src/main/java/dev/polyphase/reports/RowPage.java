package dev.polyphase.reports;

import java.util.List;

/** A page of rows as they are trained on: green is what carries loss. */
public final class RowPage {
  private RowPage() {}

  /**
   * A row.
   *
   * @param phase the phase that it is trained on in
   * @param dataset what metrics call its dataset
   * @param place where it was read
   * @param parts one, or of a pair or a judged completion its prompt and what follows that
   */
  public record Row(String phase, String dataset, String place, List<Part> parts) {
    public Row {
      parts = List.copyOf(parts);
    }
  }

  /**
   * A part of a row.
   *
   * @param name empty for a row that is no pair and not judged
   * @param tokens how many tokens it has
   * @param learned how many of them carry loss
   * @param pieces its text
   */
  public record Part(String name, int tokens, int learned, List<Piece> pieces) {
    public Part {
      pieces = List.copyOf(pieces);
    }
  }

  /**
   * A piece of text whose tokens all carry loss, or all do not.
   *
   * @param ids the tokens' numbers; empty where nobody asked
   */
  public record Piece(String text, boolean learned, String ids) {}

  /** The page, which needs nothing but itself. */
  public static String of(String pipeline, List<Row> rows) {
    StringBuilder body = new StringBuilder();
    for (Row row : rows) {
      body.append("<section><h2>")
          .append(Markup.escape(row.place()))
          .append(" <small>")
          .append(Markup.escape(row.phase() + ", " + row.dataset()))
          .append("</small></h2>\n");
      row.parts().forEach(part -> add(part, body));
      body.append("</section>\n");
    }
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>%1$s: rows as they are trained on</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
        h1 { font-size: 1.4rem; }
        h2 { font-size: 1rem; margin: 2rem 0 .3rem; }
        h3 { font-size: .9rem; margin: .6rem 0 .2rem; font-weight: 600; }
        small { font-weight: 400; opacity: .7; }
        pre { margin: 0; padding: .8rem; border: 1px solid color-mix(in srgb, currentColor 25%%, transparent);
          border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.6 ui-monospace, monospace; }
        .y { background: #c9ecc9; color: #0b3d0b; border-radius: .2rem; }
        .n { opacity: .75; }
        .ids { font-size: .75rem; opacity: .7; overflow-wrap: anywhere; }
        @media (prefers-color-scheme: dark) { .y { background: #1f5a2a; color: #d9f5d9; } }
        </style>
        </head>
        <body>
        <h1>%1$s: rows as they are trained on</h1>
        <p><span class="y">Green</span> is what carries loss: the model learns to say it. The rest it only reads.</p>
        %2$s</body>
        </html>
        """
        .formatted(Markup.escape(pipeline), body);
  }

  private static void add(Part part, StringBuilder body) {
    String name = part.name().isEmpty() ? "" : part.name() + ": ";
    body.append(
        "<h3>%s%,d tokens, %,d carry loss</h3>\n<pre>"
            .formatted(Markup.escape(name), part.tokens(), part.learned()));
    for (Piece piece : part.pieces()) {
      body.append(piece.learned() ? "<span class=\"y\">" : "<span class=\"n\">")
          .append(Markup.escape(piece.text().replace("\n", "\u21b5\n")))
          .append("</span>");
    }
    body.append("</pre>\n");
    for (Piece piece : part.pieces()) {
      if (!piece.ids().isEmpty()) {
        body.append("<div class=\"ids\">")
            .append(piece.learned() ? "loss: " : "no loss: ")
            .append(piece.ids())
            .append("</div>\n");
      }
    }
  }
}
