package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The files that {@code -o} names. */
final class OutputFiles {

  private OutputFiles() {}

  /**
   * Checks, before anything is read, that an output is none of the files that the command reads,
   * whatever they are called: links and hard links are the file that they lead to.
   *
   * @throws InputException where it is one of them
   */
  static void requireNoInput(Path output, List<Path> inputs) throws IOException {
    for (Path input : inputs) {
      boolean bothFiles =
          InputFile.kindOf(output) == InputFile.Kind.FILE
              && InputFile.kindOf(input) == InputFile.Kind.FILE;
      if (bothFiles && Files.isSameFile(output, input)) {
        throw new InputException(
            Place.in(output.toString()),
            "-o is the file "
                + input
                + ", which the command reads, and would destroy it; name another file");
      }
    }
  }

  /**
   * Checks that a text takes the place of no other results.
   *
   * @throws InputException where the file holds anything else
   */
  static void requireSame(Path file, String text) throws IOException {
    if (!OutputPlace.isWrittenThrough(file)
        && InputFile.kindOf(file) == InputFile.Kind.FILE
        && !Arrays.equals(Files.readAllBytes(file), text.getBytes(StandardCharsets.UTF_8))) {
      throw holdsOthers(file);
    }
  }

  /** That a file holds other results than those to be written. */
  static InputException holdsOthers(Path file) {
    return new InputException(
        Place.in(file.toString()),
        "this holds other results than these would be, as of another model or other settings; name"
            + " another place with -o, or replace it with --force");
  }

  /** Writes a file of UTF-8 text, or to standard output where that is named. */
  static void write(Path file, String text, Console console) throws IOException {
    if (OutputPlace.isStandardOutput(file)) {
      console.results().print(text);
      console.results().flush();
    } else {
      OutputPlace.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }
  }
}
