package dev.polyphase.orchestrator.service.web;

import static dev.polyphase.orchestrator.service.web.ServiceLab.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.service.watch.LiveRun;
import dev.polyphase.orchestrator.store.RunState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueueApiTest {
  @TempDir Path folder;
  private ServiceLab lab;

  @BeforeEach
  void start() throws IOException {
    lab = new ServiceLab(folder);
    Files.writeString(folder.resolve("one.yaml"), LiveRun.pipeline("one"));
  }

  @AfterEach
  void stop() {
    lab.close();
  }

  private static ObjectNode body() {
    return ServiceLab.JSON.createObjectNode();
  }

  private JsonNode submitted(ObjectNode body) throws IOException {
    JsonNode entry = json(201, lab.post("api/queue", body.toString()));
    lab.description.conforms("Submission", body.toString());
    return entry;
  }

  @Test
  void aFileIsSubmittedAsSeenFromTheServicesFolder() throws IOException {
    ObjectNode body = body().put("pipeline", "one.yaml").put("priority", 3).put("output", "out");
    body.putArray("set").add("defaults.max_steps=7");
    JsonNode entry = submitted(body);
    assertThat(entry.path("state").textValue()).isEqualTo("waiting");
    assertThat(entry.path("run").textValue()).isEqualTo(folder.resolve("out/one").toString());
    assertThat(entry.path("priority").intValue()).isEqualTo(3);

    JsonNode listed = json(200, lab.get("api/queue")).path("entries").path(0);
    assertThat(listed).isEqualTo(entry);
    JsonNode run = json(200, lab.get("api/runs")).path("runs").path(0);
    assertThat(run.path("id")).isEqualTo(entry.path("run_id"));
    assertThat(run.path("status").textValue()).isEqualTo("waiting");
    assertThat(lab.get("api/runs/" + run.path("id").textValue() + "/pipeline").body())
        .isEqualTo(LiveRun.pipeline("one"));
    assertThat(lab.get("api/runs/" + run.path("id").textValue() + "/figure.svg").statusCode())
        .isEqualTo(404);
    assertThat(json(200, lab.get("api/runs/" + run.path("id").textValue())).path("phase_list"))
        .isEmpty();
    json(422, lab.post("api/queue", body.toString()));
  }

  @Test
  void aTextIsSubmittedThatIsRelativeToAFolder() throws IOException {
    Files.createDirectories(folder.resolve("data"));
    ObjectNode body = body().put("yaml", LiveRun.pipeline("text")).put("folder", "data");
    JsonNode entry = submitted(body);
    assertThat(entry.path("pipeline").textValue())
        .isEqualTo(folder.resolve("data/pipeline.yaml").toString());
    assertThat(folder.resolve("data")).isEmptyDirectory();
  }

  @Test
  void wrongInputIsSaidWithItsPlace() throws IOException {
    JsonNode answer =
        json(
            422,
            lab.post(
                "api/queue",
                body()
                    .put("yaml", LiveRun.pipeline("x").replace("cpt", "c").replace("1e-5", "no"))
                    .toString()));
    assertThat(answer.path("problems").path(0).path("place").textValue())
        .contains("pipeline.yaml:");
    assertThat(answer.path("problems").path(0).path("sentence").textValue()).contains("no");
    for (String wrong :
        List.of(
            "{}",
            "{\"pipeline\":\"absent.yaml\"}",
            "{\"pipeline\":\"one.yaml\",\"yaml\":\"x\"}",
            "{\"pipeline\":\"one.yaml\",\"prority\":1}",
            "{\"pipeline\":\"one.yaml\",\"priority\":\"high\"}",
            "{\"pipeline\":\"one.yaml\",\"priority\":1e99}",
            "{\"pipeline\":\"one.yaml\",\"set\":\"x=1\"}",
            "{\"pipeline\":\"one.yaml\",\"set\":[1]}",
            "{\"pipeline\":\"one.yaml\",\"after\":\"nobody\"}",
            "{\"pipeline\":\"one.yaml\",\"device\":\"tpu\"}",
            "{\"pipeline\":\"a\\u0000b\"}",
            "{\"pipeline\":[\"one.yaml\"]}",
            "{\"yaml\":\"x: 1\",\"folder\":\"absent\"}",
            "{\"yaml\":\"&a [*a]\"}")) {
      assertThat(json(422, lab.post("api/queue", wrong)).path("problems")).as(wrong).isNotEmpty();
    }
    assertThat(json(200, lab.get("api/queue")).path("entries")).isEmpty();
    assertThat(lab.messages).isEmpty();
  }

  @Test
  void entriesAreCancelledStoppedAndResumed() throws IOException {
    submitted(body().put("pipeline", "one.yaml"));
    assertThat(json(200, lab.post("api/queue/1/stop", "")).path("state").textValue())
        .isEqualTo("stopped");
    json(409, lab.post("api/queue/1/stop", "{}"));
    assertThat(json(200, lab.post("api/queue/1/resume", "{}")).path("state").textValue())
        .isEqualTo("waiting");
    assertThat(json(200, lab.post("api/queue/1/cancel", "{}")).path("state").textValue())
        .isEqualTo("cancelled");
    json(404, lab.post("api/queue/2/cancel", "{}"));
    json(404, lab.post("api/queue/1x/cancel", "{}"));
    json(422, lab.post("api/queue/1/cancel", "{\"force\":true}"));
  }

  @Test
  void aRunThatIsNotInTheQueueIsResumedThroughIt() throws IOException {
    LiveRun run = LiveRun.begin(folder.resolve("runs"), "one");
    lab.lookIn(folder.resolve("runs"));
    String of = "api/runs/" + ServiceLab.id(run.folder());
    json(409, lab.post(of + "/stop", ""));
    json(409, lab.post(of + "/resume", ""));
    run.end(RunState.Status.INTERRUPTED);
    lab.watcher.look();
    new KnownFolders(lab.home).add(run.folder(), folder.resolve("pipelines"));
    JsonNode entry = json(200, lab.post(of + "/resume", ""));
    assertThat(entry.path("run").textValue()).isEqualTo(run.folder().toString());
    assertThat(entry.path("pipeline").textValue())
        .isEqualTo(folder.resolve("pipelines/pipeline.yaml").toString());
    assertThat(json(200, lab.get(of)).path("status").textValue()).isEqualTo("waiting");
    assertThat(json(200, lab.post(of + "/stop", "")).path("state").textValue())
        .isEqualTo("stopped");
    assertThat(json(200, lab.post(of + "/resume", "")).path("number").intValue()).isEqualTo(1);
  }

  @Test
  void schedulesAreMadePausedRunAndRemoved() throws IOException {
    ObjectNode body =
        body()
            .put("name", "nightly")
            .put("pipeline", "one.yaml")
            .put("cron", "0 0 22 * * ?")
            .put("timezone", "Europe/Vienna");
    lab.description.conforms("NewSchedule", body.toString());
    JsonNode made = json(201, lab.post("api/schedules", body.toString()));
    assertThat(made.path("missed").textValue()).isEqualTo("once");
    assertThat(json(200, lab.get("api/schedules")).path("schedules").path(0)).isEqualTo(made);
    json(422, lab.post("api/schedules", body.toString()));
    json(422, lab.post("api/schedules", body.put("cron", "at night").toString()));
    json(422, lab.post("api/schedules", body.put("timezone", "Europe/Wien").toString()));
    json(422, lab.post("api/schedules", body().put("name", "x").toString()));

    assertThat(json(200, lab.post("api/schedules/nightly/pause", "")).path("paused").booleanValue())
        .isTrue();
    assertThat(
            json(200, lab.post("api/schedules/nightly/resume", "")).path("paused").booleanValue())
        .isFalse();
    JsonNode entry = json(200, lab.post("api/schedules/nightly/run", ""));
    assertThat(entry.path("state").textValue()).isEqualTo("waiting");
    assertThat(lab.send(lab.request("api/schedules/nightly").DELETE()).statusCode()).isEqualTo(204);
    json(404, lab.send(lab.request("api/schedules/nightly").DELETE()));
    json(404, lab.post("api/schedules/nightly/run", ""));
  }

  @Test
  void pipelinesBelowTheFolderAreFound() throws IOException {
    Files.createDirectories(folder.resolve("a/b/.hidden"));
    Files.writeString(folder.resolve("a/b/two.yml"), LiveRun.pipeline("two"));
    Files.writeString(folder.resolve("a/b/.hidden/three.yaml"), LiveRun.pipeline("three"));
    Files.writeString(folder.resolve("a/other.yaml"), "services: {}\n");
    LiveRun.begin(folder.resolve("runs"), "run").close();
    JsonNode found = json(200, lab.get("api/pipelines")).path("pipelines");
    assertThat(found.findValuesAsText("path")).containsExactly("a/b/two.yml", "one.yaml");
    assertThat(found.findValuesAsText("name")).containsExactly("two", "one");
  }

  @Test
  void manyAtOnceSubmitOnceEach() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(20);
    try {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        // Each name is submitted by two.
        String body = body().put("yaml", LiveRun.pipeline("run-" + i / 2)).toString();
        answers.add(clients.submit(() -> lab.post("api/queue", body).statusCode()));
        answers.add(clients.submit(() -> lab.get("api/runs").statusCode()));
      }
      List<Integer> statuses = new ArrayList<>();
      for (Future<Integer> answer : answers) {
        statuses.add(answer.get());
      }
      assertThat(statuses.stream().filter(status -> status == 201)).hasSize(20);
      assertThat(statuses.stream().filter(status -> status == 422)).hasSize(20);
      assertThat(json(200, lab.get("api/queue")).path("entries").findValuesAsText("name"))
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, 20).mapToObj(i -> "run-" + i).toList());
    } finally {
      clients.shutdown();
    }
  }
}
