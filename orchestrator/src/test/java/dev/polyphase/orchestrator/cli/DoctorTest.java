package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorTest {

  @Test
  void looksAtEverythingHere() throws IOException {
    Polyphase.Ended looked = Polyphase.execute("doctor", "--json");

    assertThat(looked.exitCode()).as(looked.results()).isZero();
    assertThat(looked.messages()).isEmpty();
    assertThat(looked.results()).hasLineCount(1);
    JsonNode report = new ObjectMapper().readTree(looked.results());
    assertThat(report.path("ok").booleanValue()).isTrue();
    assertThat(report.path("checks").findValuesAsText("name"))
        .containsExactly(
            "java",
            "system",
            "libtorch",
            "devices",
            "threads",
            "processor",
            "kernel in float32",
            "kernel in bfloat16",
            "memory",
            "disk of runs",
            "disk of POLYPHASE_HOME",
            "cache of libtorch",
            "cache of models");
    for (JsonNode check : report.path("checks")) {
      assertThat(check.path("found").textValue()).isNotBlank();
      assertThat(check.path("remedy").textValue().isEmpty())
          .as(check.toString())
          .isEqualTo(check.path("status").textValue().equals("ok"));
    }
    assertThat(report.at("/checks/2/found").textValue()).startsWith("2.7.1 in ");
  }

  @Test
  void isReadableAndSaysWhatToDo() {
    assertThat(
            DoctorCommand.text(
                List.of(
                    Check.ok("java", "17"),
                    Check.warn("threads", "8 on 2 cores", "set OMP_NUM_THREADS"),
                    Check.fail("libtorch", "none", "build again"))))
        .isEqualTo(
            """
            ok    java      17
            warn  threads   8 on 2 cores
                            set OMP_NUM_THREADS
            fail  libtorch  none
                            build again
            """);
  }

  @Test
  void aFailureAloneIsNotOk() {
    Check warning = Check.warn("a", "b", "c");
    assertThat(DoctorCommand.json(List.of(warning))).startsWith("{\"ok\":true,");
    assertThat(DoctorCommand.json(List.of(warning, Check.fail("a", "b", "c"))))
        .startsWith("{\"ok\":false,");
  }
}
