package dev.polyphase.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** DEVELOPING.md sends people to classes, which are there. */
class DevelopingTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z]\\w*)[`.]");

  @Test
  void everyClassThatItNamesIsThere() throws IOException {
    Set<String> named = new TreeSet<>();
    Matcher names = CLASS.matcher(Files.readString(ROOT.resolve("DEVELOPING.md")));
    while (names.find()) {
      named.add(names.group(1));
    }

    Set<String> classes;
    try (Stream<Path> files = Files.walk(ROOT, 12)) {
      classes =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".java"))
              .map(name -> name.substring(0, name.length() - ".java".length()))
              .collect(Collectors.toSet());
    }
    assertThat(named).hasSizeGreaterThan(20).allSatisfy(name -> assertThat(classes).contains(name));
  }
}
