package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plans, each made by a process of its own: it reads models and rows with libraries that are to
 * take no memory of the service.
 */
final class PlanRoute implements AutoCloseable {
  private static final Set<String> KEYS = Set.of("pipeline", "yaml", "folder", "set");
  private static final Pattern PLACED = Pattern.compile("(.+?):(\\d{1,9}):(\\d{1,9}): (.*)");
  private static final int AT_A_TIME = 2;
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final int WRONG_INPUT = 2;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final UnaryOperator<List<String>> program;
  private final Places places;
  private final Semaphore free = new Semaphore(AT_A_TIME);
  private final Set<Process> running = ConcurrentHashMap.newKeySet();

  PlanRoute(UnaryOperator<List<String>> program, Places places) {
    this.program = program;
    this.places = places;
  }

  void addTo(RoutesConfig routes) {
    routes.post("/api/plan", this::plan);
  }

  private void plan(Context request) throws IOException, InterruptedException {
    ObjectNode body = Bodies.object(request);
    Bodies.requireKnown(body, KEYS);
    Places.Source source = places.source(body);
    List<String> arguments = new ArrayList<>(List.of("plan", "--json"));
    for (String set : Bodies.texts(body, "set")) {
      arguments.addAll(List.of("--set", set));
    }
    arguments.add("--");
    arguments.add(source.text().isPresent() ? "-" : source.pipeline().toString());
    if (!free.tryAcquire()) {
      throw new Refusal(
          Refusal.BUSY, "%d plans are being made already; wait for one".formatted(AT_A_TIME));
    }
    try {
      Answers.json(request, planned(source, arguments));
    } finally {
      free.release();
    }
  }

  private JsonNode planned(Places.Source source, List<String> arguments)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("polyphase-plan", ".json");
    Path messages = Files.createTempFile("polyphase-plan", ".txt");
    try {
      ProcessBuilder builder = new ProcessBuilder(program.apply(arguments));
      builder.redirectOutput(out.toFile()).redirectError(messages.toFile());
      builder.directory((source.text().isPresent() ? source.folder() : places.folder()).toFile());
      Process process = builder.start();
      running.add(process);
      try {
        try (OutputStream in = process.getOutputStream()) {
          in.write(source.text().orElse("").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
          // It ended before it read all: what it says of that follows.
        }
        if (!process.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
          throw new Refusal(
              Refusal.BUSY, "the plan took more than %d minutes".formatted(LONGEST.toMinutes()));
        }
      } finally {
        process.destroyForcibly();
        running.remove(process);
      }
      return result(process.exitValue(), out, messages);
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(messages);
    }
  }

  private static JsonNode result(int exit, Path out, Path messages) throws IOException {
    if (exit == 0) {
      return JSON.readTree(Files.readAllBytes(out));
    }
    List<Problem> problems =
        new String(Files.readAllBytes(messages), StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank())
            .map(PlanRoute::problem)
            .toList();
    if (exit == WRONG_INPUT && !problems.isEmpty()) {
      throw new Refusal(Refusal.WRONG_INPUT, problems);
    }
    throw new Refusal(
        Refusal.FAILED,
        problems.isEmpty()
            ? "the plan's process ended with " + exit
            : problems.get(problems.size() - 1).sentence());
  }

  /** A line as the program writes problems. */
  private static Problem problem(String line) {
    Matcher placed = PLACED.matcher(line);
    return placed.matches()
        ? new Problem(
            new Place(
                placed.group(1),
                Integer.parseInt(placed.group(2)),
                Integer.parseInt(placed.group(3))),
            placed.group(4))
        : new Problem(null, line);
  }

  /** Ends those that are being made. */
  @Override
  public void close() {
    running.forEach(Process::destroyForcibly);
  }
}
