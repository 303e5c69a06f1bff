package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.libtorch.LibtorchTrial;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tries a libtorch by letting {@code doctor} look at it, in a process of its own. */
final class DoctorTrial implements LibtorchTrial {
  private static final List<String> LOOKED_AT =
      List.of("libtorch", LibraryChecks.DEVICES, "kernel in float32", "kernel in bfloat16");

  @Override
  public Outcome of(Path folder) throws IOException {
    ProcessBuilder doctor =
        new ProcessBuilder(ChildProgram.command(List.of(), List.of("doctor", "--json")))
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    doctor.environment().keySet().removeIf(name -> name.startsWith("PYTORCH_"));
    doctor.environment().put("POLYPHASE_LIBTORCH", folder.toString());
    Process process = doctor.start();
    try {
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return outcome(said);
    } finally {
      process.destroy();
    }
  }

  /** What a line of {@code doctor --json} comes to; a process that went down says nothing. */
  static Outcome outcome(String said) {
    JsonNode checks;
    try {
      checks = new ObjectMapper().readTree(said).path("checks");
    } catch (JsonProcessingException e) {
      checks = new ObjectMapper().nullNode();
    }
    List<Finding> findings = new ArrayList<>();
    boolean works = true;
    boolean gpus = false;
    for (JsonNode check : checks) {
      String name = check.path("name").asText();
      if (LOOKED_AT.contains(name)) {
        String found = check.path("found").asText();
        String remedy = check.path("remedy").asText();
        findings.add(new Finding(name, remedy.isEmpty() ? found : found + "; " + remedy));
        works &= !check.path("status").asText().equals("fail");
        gpus |= name.equals(LibraryChecks.DEVICES) && found.contains("GPU(s)");
      }
    }
    if (findings.size() < LOOKED_AT.size()) {
      if (findings.isEmpty()) {
        findings.add(new Finding("libtorch", "the process that loaded it went down"));
      }
      works = false;
    }
    return new Outcome(works, gpus, findings);
  }
}
