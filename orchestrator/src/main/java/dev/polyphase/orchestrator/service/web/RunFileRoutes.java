package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.service.watch.Cursor;
import dev.polyphase.orchestrator.service.watch.LineFile;
import dev.polyphase.orchestrator.service.watch.RunReports;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.pipelines.problems.InputException;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is in the files of a run: figures, log, console, pipeline, and all of it as it comes. */
final class RunFileRoutes {
  private static final int AT_ONCE = 1 << 20;
  private static final int CONSOLE_BYTES = 1 << 17;
  private static final long MOST_LINES = 5_000;

  private final RunWatcher watcher;
  private final RunReports reports;
  private final RunQueue queue;
  private final Streams streams;

  RunFileRoutes(RunWatcher watcher, RunReports reports, RunQueue queue, Streams streams) {
    this.watcher = watcher;
    this.reports = reports;
    this.queue = queue;
    this.streams = streams;
  }

  void addTo(RoutesConfig routes) {
    routes.get("/api/runs/{id}/metrics", this::metrics);
    routes.get("/api/runs/{id}/log", this::log);
    routes.get("/api/runs/{id}/console", this::console);
    routes.get("/api/runs/{id}/pipeline", this::pipeline);
    routes.get("/api/runs/{id}/events", this::events);
  }

  private void metrics(Context request) throws IOException {
    RunRow run = RunRoutes.run(watcher, request);
    LineFile file = metricsOf(run, Parameters.number(request, "phase", 0));
    long after = Parameters.number(request, "after", 0);
    ThinnedRows rows = new ThinnedRows(Parameters.number(request, "points", ThinnedRows.USUAL));
    Cursor from = file.behindLines(after);
    if (from.line() < after) {
      // The run went back to a checkpoint: what was read before is no more.
      from = Cursor.START;
    }
    Cursor next = from;
    LineFile.Lines read;
    do {
      read = file.after(next, AT_ONCE);
      rows.add(read.lines());
      next = read.next();
    } while (read.more());
    ObjectNode answer = Json.object().put("from", from.line());
    answer.set("rows", rows.rows());
    Answers.json(request, answer.put("next", next.line()));
  }

  private static LineFile metricsOf(RunRow run, long phase) throws IOException {
    RunFolder folder = new RunFolder(run.folder());
    try {
      RunState state = RunReports.state(folder);
      if (phase >= state.phases().size()) {
        throw new Refusal(
            Refusal.NOT_FOUND,
            "%s has %d phases, counted from 0".formatted(run.name(), state.phases().size()));
      }
      int index = (int) phase;
      return new LineFile(folder.phase(index, state.phases().get(index).name()).metricsJsonl());
    } catch (InputException e) {
      throw new Refusal(Refusal.NOT_FOUND, e.problems());
    }
  }

  private void log(Context request) throws IOException {
    LineFile file = new LineFile(RunRoutes.run(watcher, request).folder().resolve("log.jsonl"));
    int limit = (int) Math.min(MOST_LINES, Parameters.number(request, "limit", 500));
    long after = Parameters.number(request, "after", -1);
    Cursor from =
        after >= 0
            ? file.atByte(after)
            : file.beforeLast(
                (int) Math.min(MOST_LINES, Parameters.number(request, "tail", limit)), AT_ONCE);
    LineFile.Lines read = file.after(from, AT_ONCE);
    List<String> lines = read.lines().subList(0, Math.min(limit, read.lines().size()));
    long next = read.from().bytes();
    for (String line : lines) {
      next += line.getBytes(StandardCharsets.UTF_8).length + 1;
    }
    ObjectNode answer = Json.object().put("from", read.from().bytes());
    ArrayNode array = answer.putArray("lines");
    ParsedLines.addTo(array, lines);
    Answers.json(
        request,
        answer.put("next", lines.size() == read.lines().size() ? read.next().bytes() : next));
  }

  private void console(Context request) throws IOException {
    RunRow run = RunRoutes.run(watcher, request);
    List<Path> places = new ArrayList<>();
    @Nullable Long number = run.queueNumber();
    if (number != null) {
      places.add(queue.console(number));
    }
    places.add(run.folder().resolve("console.log"));
    Answers.text(request, lastText(places, CONSOLE_BYTES));
  }

  private void pipeline(Context request) throws IOException {
    RunRow run = RunRoutes.run(watcher, request);
    Path asRun = new RunFolder(run.folder()).pipelineYaml();
    @Nullable Long number = run.queueNumber();
    Optional<String> submitted = number == null ? Optional.empty() : queue.text(number);
    if (!Files.isRegularFile(asRun, LinkOption.NOFOLLOW_LINKS) && submitted.isPresent()) {
      Answers.text(request, submitted.get());
    } else {
      Answers.text(request, lastText(List.of(asRun), AT_ONCE));
    }
  }

  /** The end of the first of these files that is there. */
  private static String lastText(List<Path> places, int bytes) throws IOException {
    for (Path file : places) {
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
          long start = Math.max(0, channel.size() - bytes);
          ByteBuffer end = ByteBuffer.allocate((int) (channel.size() - start));
          while (end.hasRemaining() && channel.read(end, start + end.position()) >= 0) {
            // Read on until it is full, or the file was cut.
          }
          return new String(end.array(), 0, end.position(), StandardCharsets.UTF_8);
        }
      }
    }
    throw new Refusal(Refusal.NOT_FOUND, "there is no such file of this run");
  }

  private void events(Context request) throws IOException {
    RunStream stream =
        new RunStream(watcher, reports, streams.heartbeat(), RunRoutes.run(watcher, request));
    stream.beginAt(request);
    streams.open(request, stream::tell);
  }
}
