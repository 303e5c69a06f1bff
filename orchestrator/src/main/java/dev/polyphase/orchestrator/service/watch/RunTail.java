package dev.polyphase.orchestrator.service.watch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run that is watched: what was added to its log since it was looked at last. */
final class RunTail {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> STARTS = Set.of("run_started", "run_resumed");
  private static final int MOST_AT_ONCE = 1 << 20;

  /** Of a run that went on before it was watched so much of the end tells where it is. */
  private static final int FIRST_LOOK = 1 << 18;

  private final RunFolder run;
  private final LineFile log;
  private @Nullable Cursor place;
  private RunProgress progress = RunProgress.NONE;
  private List<Object> stamps = List.of();
  private long version;

  RunTail(RunFolder run) {
    this.run = run;
    this.log = new LineFile(run.logJsonl());
  }

  /**
   * Looks at it.
   *
   * @param lines is told each line that was added; at the first look those of the last process, as
   *     far as they are near the end
   */
  void look(Consumer<String> lines) throws IOException {
    List<Object> now = stamps();
    if (now.equals(stamps)) {
      return;
    }
    boolean first = place == null;
    Cursor at = place == null ? log.beforeLast(Integer.MAX_VALUE, FIRST_LOOK) : place;
    LineFile.Lines read;
    do {
      read = log.after(at, MOST_AT_ONCE);
      tell(first ? sinceItsStart(read.lines()) : read.lines(), lines);
      at = read.next();
    } while (read.more());
    place = at;
    stamps = now;
    version++;
  }

  private void tell(List<String> read, Consumer<String> lines) {
    for (String line : read) {
      progress = progress.after(parsed(line));
      lines.accept(line);
    }
  }

  /** What an earlier process wrote of the run is over. */
  private static List<String> sinceItsStart(List<String> lines) {
    for (int i = lines.size() - 1; i > 0; i--) {
      if (STARTS.contains(parsed(lines.get(i)).path("event").asText())) {
        return lines.subList(i, lines.size());
      }
    }
    return lines;
  }

  /** What others wrote into the log says nothing of the run. */
  private static JsonNode parsed(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return JSON.missingNode();
    }
  }

  /** Where the run is. */
  RunProgress progress() {
    return progress;
  }

  /** Goes up whenever something in its folder has changed. */
  long version() {
    return version;
  }

  /** What changes when one of the files does that tell of a run: their sizes and times. */
  private List<Object> stamps() throws IOException {
    List<Object> all = new ArrayList<>();
    add(all, run.runJson());
    add(all, log.path());
    try (var entries = Files.newDirectoryStream(run.path(), "phase-*")) {
      for (Path phase : entries) {
        for (String file : List.of("metrics.jsonl", "snr.json", "selection.yaml", "rescans")) {
          add(all, phase.resolve(file));
        }
      }
    }
    return all;
  }

  private static void add(List<Object> all, Path file) {
    try {
      BasicFileAttributes read =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      all.add(read.size());
      all.add(read.lastModifiedTime());
    } catch (IOException e) {
      all.add(file);
    }
  }
}
