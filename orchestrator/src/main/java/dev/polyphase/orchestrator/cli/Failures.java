package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.orchestrator.engine.FailureText;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.log.JsonMessages;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.pipelines.problems.Problem;
import java.nio.file.InvalidPathException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Tells a user what went wrong, in sentences and an exit code. */
final class Failures {
  private final Console console;
  private final RootCommand root;
  private @Nullable JsonMessages lines;

  Failures(Console console, RootCommand root) {
    this.console = console;
    this.root = root;
  }

  /** Has failures told as lines of a log from now on. */
  void tellAs(JsonMessages json) {
    lines = json;
  }

  /** A command line that can't be understood. */
  int wrongCommandLine(ParameterException failure, String[] args) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName(" ");
    StringBuilder sentence = new StringBuilder(command);
    String problem = firstLine(String.valueOf(failure.getMessage()));
    // Where a value can't be converted, picocli names the class and its exception.
    sentence
        .append(": ")
        .append(problem.replaceFirst("cannot convert ('.*') to \\w+ \\w+\\..*", "$1 can't be one"));
    if (failure instanceof UnmatchedArgumentException unmatched) {
      List<String> nearest = unmatched.getSuggestions();
      if (!nearest.isEmpty()) {
        sentence.append("; did you mean ").append(String.join(" or ", nearest)).append('?');
      }
    }
    sentence.append("; see: ").append(command).append(" --help");
    console.messages().println(PlainText.of(sentence.toString()));
    return ExitCode.WRONG_INPUT;
  }

  /**
   * A command that failed.
   *
   * @param command which one
   */
  int report(Throwable failure, CommandSpec command) {
    boolean wrongInput =
        failure instanceof InputException || failure instanceof InvalidPathException;
    sentences(failure, command.qualifiedName(" ")).forEach(this::say);
    if (root.debug) {
      failure.printStackTrace(console.messages());
    }
    return wrongInput ? ExitCode.WRONG_INPUT : ExitCode.FAILED;
  }

  /**
   * What a user is told, a line each.
   *
   * @param command as {@code polyphase run}
   */
  static List<String> sentences(Throwable failure, String command) {
    return failure instanceof InputException wrong
        ? wrong.problems().stream().map(Problem::toString).toList()
        : List.of(PlainText.linesOf(sentence(failure, command)));
  }

  private void say(String sentence) {
    if (lines == null) {
      console.messages().println(sentence);
    } else {
      lines.say(Level.ERROR, sentence);
    }
  }

  private static String sentence(Throwable failure, String command) {
    if (failure instanceof InvalidPathException path) {
      return PathText.sentence(path);
    }
    return failure instanceof RuntimeException e && Libtorch.ranOutOfMemory(e)
        ? command
            + ": libtorch found no memory for this; free some, or choose another device or dtype;"
            + " --debug shows how much it asked for"
        : FailureText.of(failure, command);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse(message);
  }
}
