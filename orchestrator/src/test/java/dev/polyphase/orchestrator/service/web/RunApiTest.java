package dev.polyphase.orchestrator.service.web;

import static dev.polyphase.orchestrator.service.web.ServiceLab.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.engine.SampleRun;
import dev.polyphase.orchestrator.service.watch.LiveRun;
import dev.polyphase.orchestrator.store.RunState;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunApiTest {
  @TempDir Path folder;
  private ServiceLab lab;

  @BeforeEach
  void start() throws IOException {
    lab = new ServiceLab(folder);
  }

  @AfterEach
  void stop() {
    lab.close();
  }

  @Test
  void aFinishedRunIsToldFromItsFolder() throws IOException {
    Path run = SampleRun.in(folder);
    lab.lookIn(folder.resolve("runs"));
    String id = ServiceLab.id(run);

    JsonNode row = json(200, lab.get("api/runs")).path("runs").path(0);
    assertThat(row.path("id").textValue()).isEqualTo(id);
    assertThat(row.path("status").textValue()).isEqualTo("finished");
    assertThat(row.path("finished_phases").intValue()).isEqualTo(3);

    JsonNode detail = json(200, lab.get("api/runs/" + id));
    assertThat(detail.path("base_model").textValue()).isEqualTo("tiny-llama");
    assertThat(detail.path("phase_list").findValuesAsText("name"))
        .contains("foundation", "refinement", "alignment");
    assertThat(detail.path("phase_list").path(0).path("targeting").textValue())
        .isEqualTo("best 50 % of each type by SNR");
    assertThat(detail.path("phase_list").path(0).path("step").longValue()).isEqualTo(3);

    assertThat(ServiceLab.JSON.readTree(lab.get("api/runs/" + id + "/report").body()))
        .isEqualTo(ServiceLab.JSON.readTree(run.resolve("report/report.json").toFile()));
    HttpResponse<String> figure = lab.get("api/runs/" + id + "/figure.svg");
    assertThat(figure.body()).isEqualTo(Files.readString(run.resolve("report/heatmap.svg")));
    String tag = figure.headers().firstValue("etag").orElseThrow();
    assertThat(
            lab.send(lab.request("api/runs/" + id + "/figure.svg").header("If-None-Match", tag))
                .statusCode())
        .isEqualTo(304);
    assertThat(lab.get("api/runs/" + id + "/pipeline").body())
        .isEqualTo(Files.readString(run.resolve("pipeline.yaml")));
  }

  @Test
  void rowsAreCountedFromTheFirstAndThinnedWhereAskedFor() throws IOException {
    try (LiveRun run = LiveRun.begin(folder.resolve("runs"), "live")) {
      for (int step = 1; step <= 100; step++) {
        run.step(step);
        if (step % 25 == 0) {
          run.row("{\"step\":%d,\"eval_loss\":1.5}".formatted(step));
        }
      }
      run.row("{\"step\":101,\"los");
      lab.lookIn(folder.resolve("runs"));
      String metrics = "api/runs/" + ServiceLab.id(run.folder()) + "/metrics";

      JsonNode all = json(200, lab.get(metrics + "?phase=0"));
      // The half line ended with a newline, so that it counts, and is an empty object.
      assertThat(all.path("rows")).hasSize(105);
      assertThat(all.path("next").longValue()).isEqualTo(105);
      JsonNode later = json(200, lab.get(metrics + "?phase=0&after=100"));
      assertThat(later.path("from").longValue()).isEqualTo(100);
      assertThat(later.path("rows").path(0)).isEqualTo(all.path("rows").path(100));
      JsonNode thinned = json(200, lab.get(metrics + "?phase=0&points=10"));
      assertThat(thinned.path("rows").size()).isLessThanOrEqualTo(20);
      assertThat(thinned.path("rows").findValues("eval_loss")).hasSize(4);
      assertThat(thinned.path("rows").path(0).path("step").longValue()).isEqualTo(1);
      assertThat(thinned.path("next").longValue()).isEqualTo(105);
      assertThat(json(200, lab.get(metrics + "?phase=0&after=500")).path("from").longValue())
          .isZero();
      assertThat(lab.get(metrics + "?phase=7").statusCode()).isEqualTo(404);
      assertThat(lab.get(metrics + "?phase=-1").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void theLogIsReadFromAnyByteAndFromItsEnd() throws IOException {
    try (LiveRun run = LiveRun.begin(folder.resolve("runs"), "live")) {
      for (int step = 1; step <= 8; step++) {
        run.step(step);
      }
      LiveRun.append(run.folder().resolve("log.jsonl"), "{\"half\":");
      lab.lookIn(folder.resolve("runs"));
      String log = "api/runs/" + ServiceLab.id(run.folder()) + "/log";

      JsonNode all = json(200, lab.get(log + "?after=0"));
      assertThat(all.path("lines")).hasSize(10);
      JsonNode first = json(200, lab.get(log + "?after=0&limit=4"));
      assertThat(first.path("lines")).hasSize(4);
      JsonNode rest = json(200, lab.get(log + "?after=" + first.path("next").longValue()));
      assertThat(rest.path("lines")).hasSize(6);
      assertThat(rest.path("next")).isEqualTo(all.path("next"));
      JsonNode last = json(200, lab.get(log + "?tail=2"));
      assertThat(last.path("lines").findValuesAsText("step")).containsExactly("7", "8");
      assertThat(last.path("next")).isEqualTo(all.path("next"));
    }
  }

  @Test
  void aRunOfHalfWrittenFilesHasAPageAndAFigure() throws IOException {
    try (LiveRun run = LiveRun.begin(folder.resolve("runs"), "live")) {
      Path phase = run.folder().resolve("phase-01-first");
      Files.writeString(phase.resolve("snr.json"), "{\"model.lay");
      Files.writeString(phase.resolve("selection.yaml"), "unfrozen_parameters:\n- ");
      Files.writeString(phase.resolve("metrics.jsonl"), "{\n{\"step\":1}\n\0\0\n{\"lo");
      lab.lookIn(folder.resolve("runs"));
      String of = "api/runs/" + ServiceLab.id(run.folder());

      assertThat(lab.get(of + "/figure.svg").body()).contains("begun, not finished");
      assertThat(json(200, lab.get(of)).path("phase_list")).hasSize(2);
      assertThat(json(200, lab.get(of + "/report")).path("phases")).hasSize(2);

      Files.writeString(run.folder().resolve("run.json"), "{\"name\":");
      assertThat(lab.get(of + "/figure.svg").statusCode()).isEqualTo(404);
      assertThat(json(200, lab.get(of)).path("phase_list")).isEmpty();
    }
  }

  @Test
  void whoAsksForARunAsksByItsIdAlone() throws IOException {
    LiveRun.begin(folder.resolve("runs"), "live").end(RunState.Status.FAILED);
    lab.lookIn(folder.resolve("runs"));
    Files.writeString(folder.resolve("secret"), "secret");
    for (String id :
        List.of("live", "..", "%2e%2e", "..%2f..", "%2Fetc%2Fpasswd", "a".repeat(5000), "%00")) {
      HttpResponse<String> answer = lab.get("api/runs/" + id + "/pipeline");
      assertThat(answer.statusCode()).as(id).isIn(400, 404, 414, 431);
      assertThat(answer.body()).doesNotContain("Exception", "jetty", "secret", "\tat ");
    }
  }

  @Test
  void linksOutOfARunAreNotFollowed() throws IOException {
    Files.writeString(folder.resolve("secret"), "{\"secret\":1}\n");
    LiveRun run = LiveRun.begin(folder.resolve("runs"), "live");
    for (String file : List.of("console.log", "phase-01-first/metrics.jsonl")) {
      Files.createSymbolicLink(run.folder().resolve(file), folder.resolve("secret"));
    }
    run.end(RunState.Status.FAILED);
    lab.lookIn(folder.resolve("runs"));
    String of = "api/runs/" + ServiceLab.id(run.folder());
    assertThat(lab.get(of + "/console").statusCode()).isEqualTo(404);
    assertThat(json(200, lab.get(of + "/metrics")).path("rows")).isEmpty();
  }

  @Test
  void theOddestNameIsDataAndNothingElse() throws IOException {
    String name = "a.-_".repeat(24) + "0.b_";
    LiveRun run = LiveRun.begin(folder.resolve("runs <b>&'\"ü"), name);
    run.log("{\"event\":\"note\",\"message\":\"<script>alert(1)</script>\"}");
    run.end(RunState.Status.FAILED);
    lab.lookIn(run.folder());
    JsonNode row = json(200, lab.get("api/runs")).path("runs").path(0);
    assertThat(row.path("name").textValue()).isEqualTo(name);
    assertThat(row.path("folder").textValue()).isEqualTo(run.folder().toString());
    assertThat(row.path("message").textValue()).isEqualTo("the disk is full");
    assertThat(json(200, lab.get("api/runs/" + row.path("id").textValue() + "/log?tail=2")))
        .asString()
        .contains("<script>");
  }
}
