package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.trl.launch.EnginePython;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Looks at what engines beside the embedded trainer need, which most pipelines do without. */
final class EngineChecks {
  /** What the check is called. */
  static final String NAME = "python of engine trl";

  private static final String NOT_NEEDED = "; not needed unless a phase has engine.type trl";

  private EngineChecks() {}

  /** Whether there is a Python with the packages of engine trl; that there is none is no fault. */
  static Check trl(Map<String, String> environment) {
    Programs programs = new Programs(environment);
    EnginePython python;
    try {
      python = EnginePython.find(Optional.empty(), programs);
    } catch (InputException e) {
      return environment.containsKey("POLYPHASE_PYTHON")
          ? Check.warn(NAME, "none at " + environment.get("POLYPHASE_PYTHON"), sentence(e))
          : Check.ok(NAME, "none on the PATH" + NOT_NEEDED);
    }
    try {
      return found(python, python.installed(programs));
    } catch (IOException e) {
      return Check.warn(
          NAME,
          python.program() + " does not say which packages it has",
          "name another by POLYPHASE_PYTHON; it is not needed unless a phase has engine.type trl");
    }
  }

  private static String sentence(InputException wrong) {
    return wrong.problems().get(0).sentence();
  }

  private static Check found(EnginePython python, Map<String, String> versions) {
    List<String> lacking = new ArrayList<>(EnginePython.packages());
    lacking.removeAll(versions.keySet());
    String there =
        versions.entrySet().stream()
            .map(one -> one.getKey() + " " + one.getValue())
            .collect(Collectors.joining(", "));
    return Check.ok(
        NAME,
        lacking.isEmpty()
            ? "%s: %s".formatted(python.program(), there)
            : "%s: %s, without %s%s"
                .formatted(python.program(), there, String.join(", ", lacking), NOT_NEEDED));
  }
}
