package dev.polyphase.orchestrator.service.web;

import static dev.polyphase.orchestrator.service.web.ServiceLab.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.service.watch.LiveRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanApiTest {
  @TempDir Path folder;

  /** In place of Polyphase a shell script, which sees the arguments and what is sent. */
  private JsonNode plan(int status, String script, String body) throws IOException {
    ServiceLab.Wishes wishes =
        new ServiceLab.Wishes(
            null,
            arguments -> {
              List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
              command.addAll(arguments);
              return command;
            },
            WebSettings.PATIENCE);
    try (ServiceLab lab = new ServiceLab(folder, wishes)) {
      return json(status, lab.post("api/plan", body));
    }
  }

  @Test
  void aTextIsPlannedFromItsFolder() throws IOException {
    String yaml = LiveRun.pipeline("x");
    String body =
        ServiceLab.JSON
            .createObjectNode()
            .put("yaml", yaml)
            .put("folder", "home")
            .set("set", ServiceLab.JSON.createArrayNode().add("seed=7"))
            .toString();
    JsonNode answer =
        plan(
            200,
            "printf '{\"arguments\":\"%s\",\"folder\":\"%s\",\"bytes\":%d}' \"$*\" \"$PWD\" $(wc -c)",
            body);
    assertThat(answer.path("arguments").textValue()).isEqualTo("plan --json --set seed=7 -- -");
    assertThat(answer.path("folder").textValue())
        .isEqualTo(folder.toRealPath().resolve("home").toString());
    assertThat(answer.path("bytes").intValue()).isEqualTo(yaml.length());
  }

  @Test
  void wrongInputIsSaidAsThePlanSaysIt() throws IOException {
    JsonNode answer =
        plan(
            422,
            "echo 'p.yaml:1:2: this is wrong; mend it' >&2; echo 'and this' >&2; exit 2",
            "{\"pipeline\":\"p.yaml\"}");
    assertThat(answer.path("problems").findValuesAsText("sentence"))
        .containsExactly("this is wrong; mend it", "and this");
    assertThat(answer.path("problems").path(0).path("place").textValue()).isEqualTo("p.yaml:1:2");
  }

  @Test
  void aPlanThatFailsIsAFailure() throws IOException {
    JsonNode answer = plan(500, "echo 'no memory' >&2; exit 1", "{\"pipeline\":\"p.yaml\"}");
    assertThat(answer.findValuesAsText("sentence")).containsExactly("no memory");
  }
}
