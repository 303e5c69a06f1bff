package dev.polyphase.orchestrator.bench;

import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.trl.launch.EnginePython;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A Python with torch and transformers, to hold our steps against.
 *
 * @param python the program; empty where there is none
 * @param versions of Python, torch and transformers, as far as they are there
 * @param whyNot what is missing, in a sentence; empty where nothing is
 */
public record TransformersPeer(
    Optional<Path> python, Map<String, String> versions, Optional<String> whyNot) {
  private static final String VARIABLE = "POLYPHASE_PYTHON";
  private static final String REMEDY = "; name one by --python or " + VARIABLE;

  /** Keeps what it is given. */
  public TransformersPeer {
    versions = Map.copyOf(versions);
  }

  /** None, as nobody asked for it. */
  public static TransformersPeer none() {
    return missing("nobody asked for it");
  }

  /**
   * Finds it. Nothing is imported, which would take its time.
   *
   * @param named the program; without it the variable {@code POLYPHASE_PYTHON} counts, else {@code
   *     python3} on the path
   */
  public static TransformersPeer find(Optional<String> named, Programs programs) {
    String name =
        named
            .or(() -> Optional.ofNullable(programs.environment().get(VARIABLE)))
            .filter(given -> !given.isEmpty())
            .orElse("python3");
    Optional<Path> program = programs.find(name);
    if (program.isEmpty()) {
      return missing("there is no program %s".formatted(PlainText.of(name)) + REMEDY);
    }
    Map<String, String> versions;
    try {
      versions = new TreeMap<>(new EnginePython(program.get()).installed(programs));
    } catch (IOException e) {
      return missing("%s is no Python that answers".formatted(program.get()) + REMEDY);
    }
    versions.keySet().retainAll(Set.of("python", "torch", "transformers"));
    for (String needed : new String[] {"torch", "transformers"}) {
      if (!versions.containsKey(needed)) {
        return new TransformersPeer(
            program,
            versions,
            Optional.of("%s has no %s".formatted(program.get(), needed) + REMEDY));
      }
    }
    return new TransformersPeer(program, versions, Optional.empty());
  }

  private static TransformersPeer missing(String why) {
    return new TransformersPeer(Optional.empty(), Map.of(), Optional.of(why));
  }
}
