package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The file of the rows that are wrong and left out of a phase: an object a line. */
final class RejectedRows {
  private RejectedRows() {}

  /**
   * Writes it: of each row its file and line, why in a few words and in a sentence, and its text.
   */
  static void write(PreparedPhase phase, Path file) throws IOException {
    AtomicFiles.write(
        file,
        out ->
            phase.rejected(
                row -> {
                  String line =
                      JsonNodeFactory.instance
                          .objectNode()
                          .put("file", row.place().file())
                          .put("line", row.place().line())
                          .put("reason", row.reason())
                          .put("problem", row.sentence())
                          .put("row", row.text())
                          .toString();
                  out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                }));
  }
}
