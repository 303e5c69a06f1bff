package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.kernels.CudaState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
            "python of engine trl",
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

  /** A program that answers as a Python does. */
  @Test
  void aPythonForEngineTrlIsNamedButAskedForByNobodyElse(@TempDir Path folder) throws IOException {
    Check none = EngineChecks.trl(Map.of("PATH", folder.toString()));
    assertThat(none.status()).isEqualTo(Check.Status.OK);
    assertThat(none.found())
        .isEqualTo("none on the PATH; not needed unless a phase has engine.type trl");

    Path python = folder.resolve("python3");
    Map<String, String> named =
        Map.of("PATH", System.getenv("PATH"), "POLYPHASE_PYTHON", python.toString());
    Check wrong = EngineChecks.trl(named);
    assertThat(wrong.status()).isEqualTo(Check.Status.WARN);
    assertThat(wrong.remedy()).contains("POLYPHASE_PYTHON is " + python, "pip install torch");

    program(python, "echo python 3.12.1; echo torch 2.13.0; echo trl 1.13.0");
    assertThat(EngineChecks.trl(named))
        .isEqualTo(
            Check.ok(
                EngineChecks.NAME,
                python
                    + ": python 3.12.1, torch 2.13.0, trl 1.13.0, without transformers, accelerate;"
                    + " not needed unless a phase has engine.type trl"));
    program(
        python,
        "echo python 3.12.1; for p in torch transformers trl accelerate; do echo $p 1.2; done");
    assertThat(EngineChecks.trl(named).found())
        .isEqualTo(
            python + ": python 3.12.1, torch 1.2, transformers 1.2, trl 1.2, accelerate 1.2");
    program(python, "exit 3");
    assertThat(EngineChecks.trl(named).status()).isEqualTo(Check.Status.WARN);
  }

  private static void program(Path file, String line) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void saysWhyGpusAreNotUsed() {
    assertThat(LibraryChecks.devices(0, CudaState.CPU_BUILD, "").status())
        .isEqualTo(Check.Status.OK);
    Check idle = LibraryChecks.devices(0, CudaState.CPU_BUILD, "NVIDIA H100, 80 GiB");
    assertThat(idle.status()).isEqualTo(Check.Status.WARN);
    assertThat(idle.found())
        .isEqualTo(
            "cpu; the machine has NVIDIA H100, 80 GiB, but this libtorch is built without CUDA");
    assertThat(idle.remedy())
        .isEqualTo("run polyphase setup cuda, which finds or fetches one with CUDA");
    Check unseen = LibraryChecks.devices(0, CudaState.NO_GPU, "");
    assertThat(unseen.status()).isEqualTo(Check.Status.WARN);
    assertThat(unseen.found()).contains("built with CUDA, but CUDA finds no GPU");
    assertThat(unseen.remedy()).contains("nvidia-smi", "CUDA_VISIBLE_DEVICES");
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
