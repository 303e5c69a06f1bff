package dev.polyphase.trl.launch;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Python that runs the driver.
 *
 * @param program its path; links are kept, by which a virtual environment is told
 */
public record EnginePython(Path program) {
  private static final String VARIABLE = "POLYPHASE_PYTHON";
  private static final String ON_THE_PATH = "python3";
  private static final String PACKAGES = "torch transformers trl accelerate";
  private static final String INSTALL = "pip install " + PACKAGES;

  private static final String WHAT_IS_INSTALLED =
      """
      import platform
      from importlib import metadata
      print("python", platform.python_version())
      for name in "%s".split():
          try:
              print(name, metadata.version(name))
          except metadata.PackageNotFoundError:
              pass
      """
          .formatted(PACKAGES);

  /** Importing torch from a network's disk takes its time. */
  private static final Duration TO_CHECK = Duration.ofMinutes(5);

  private static final JsonMapper JSON = new JsonMapper();
  private static final Pattern MISSING =
      Pattern.compile("ModuleNotFoundError: No module named '([^'.]+)");

  /**
   * What the driver says of its Python and of a job.
   *
   * @param versions of torch and the others, by their names
   * @param problems why the job can't be done, one sentence each; none where it can
   * @param gpus how many GPUs it sees on this machine
   */
  public record Check(Map<String, String> versions, List<String> problems, int gpus) {
    /** Keeps what it is given. */
    public Check {
      versions = Map.copyOf(versions);
      problems = List.copyOf(problems);
    }
  }

  /**
   * Finds it.
   *
   * @param named the key {@code engine.python}; without it the variable {@code POLYPHASE_PYTHON}
   *     counts, else {@code python3} on the path
   * @throws InputException where there is none
   */
  public static EnginePython find(Optional<String> named, Programs programs) {
    Optional<String> variable =
        Optional.ofNullable(programs.environment().get(VARIABLE)).filter(name -> !name.isEmpty());
    String name = named.or(() -> variable).orElse(ON_THE_PATH);
    return programs
        .find(name)
        .map(EnginePython::new)
        .orElseThrow(
            () ->
                new InputException(
                    named.isPresent()
                        ? "engine.python is %s, where there is no program; name a Python that has torch, transformers, trl and accelerate (%s)"
                            .formatted(name, INSTALL)
                        : variable.isPresent()
                            ? "%s is %s, where there is no program; name a Python that has torch, transformers, trl and accelerate (%s)"
                                .formatted(VARIABLE, name, INSTALL)
                            : "there is no python3 on the PATH, which engine.type trl trains with; install Python and then %s, or name one by engine.python or %s"
                                .formatted(INSTALL, VARIABLE)));
  }

  /**
   * The versions of the packages that it has of those that training needs, by their names; Python
   * itself is one. Nothing is imported, which would take its time.
   *
   * @throws IOException where the program is no Python that answers
   */
  public Map<String, String> installed(Programs programs) throws IOException {
    Programs.Answer answer =
        programs.run(
            Programs.SOON,
            // What lies in the current folder is imported first.
            requireNonNull(program.toAbsolutePath().getParent()),
            List.of(program.toString(), "-c", WHAT_IS_INSTALLED));
    Map<String, String> versions = new LinkedHashMap<>();
    answer
        .output()
        .lines()
        .map(line -> line.split(" ", 2))
        .filter(words -> words.length == 2)
        .forEach(words -> versions.put(PlainText.of(words[0]), PlainText.of(words[1])));
    return versions;
  }

  /** The packages that training needs. */
  public static List<String> packages() {
    return List.of(PACKAGES.split(" "));
  }

  /**
   * Lets the driver look at its packages and at a job.
   *
   * @param driver the program
   * @param model the model's folder
   * @param names a file with the names of the tensors to be trained
   * @throws InputException where packages are missing or broken
   */
  public Check check(Path driver, Path model, Path names, Programs programs) throws IOException {
    Programs.Answer answer =
        programs.run(
            TO_CHECK,
            Programs.here(),
            List.of(
                program.toString(),
                driver.toAbsolutePath().toString(),
                "--check",
                model.toAbsolutePath().toString(),
                names.toAbsolutePath().toString()));
    Matcher missing = MISSING.matcher(answer.err());
    if (answer.code() != 0 && missing.find()) {
      throw new InputException(
          "%s lacks the package %s, which engine.type trl trains with; run %s -m %s, or name another Python by engine.python or %s"
              .formatted(
                  program, missing.group(1), Shell.quoted(program.toString()), INSTALL, VARIABLE));
    }
    if (answer.code() != 0) {
      throw new InputException(
          "%s; mend this Python (%s -m %s), or name another by engine.python or %s"
              .formatted(answer.failure(), Shell.quoted(program.toString()), INSTALL, VARIABLE));
    }
    return parsed(answer);
  }

  /** Libraries may say something before; the last line is the driver's own. */
  private static Check parsed(Programs.Answer answer) throws IOException {
    List<String> lines = answer.out().lines().filter(line -> !line.isBlank()).toList();
    try {
      JsonNode said = JSON.readTree(lines.isEmpty() ? "" : lines.get(lines.size() - 1));
      if (!said.path("versions").isObject() || !said.path("problems").isArray()) {
        throw unreadable(answer);
      }
      Map<String, String> versions = new TreeMap<>();
      said.path("versions")
          .properties()
          .forEach(version -> versions.put(version.getKey(), version.getValue().asText()));
      List<String> problems = new ArrayList<>();
      said.path("problems").forEach(problem -> problems.add(problem.asText()));
      return new Check(versions, problems, said.path("gpus").asInt());
    } catch (JsonProcessingException e) {
      throw unreadable(answer);
    }
  }

  private static IOException unreadable(Programs.Answer answer) {
    return new IOException(
        answer.command()
            + " did not answer with what was found; run it yourself to see what it says");
  }
}
