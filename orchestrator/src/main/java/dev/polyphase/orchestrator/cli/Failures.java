package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.RunFailedException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Tells a user what went wrong, in sentences and an exit code. */
final class Failures {
  private final Console console;
  private final RootCommand root;

  Failures(Console console, RootCommand root) {
    this.console = console;
    this.root = root;
  }

  /** A command line that can't be understood. */
  int wrongCommandLine(ParameterException failure, String[] args) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName(" ");
    StringBuilder sentence = new StringBuilder(command);
    sentence.append(": ").append(firstLine(String.valueOf(failure.getMessage())));
    if (failure instanceof UnmatchedArgumentException unmatched) {
      List<String> nearest = unmatched.getSuggestions();
      if (!nearest.isEmpty()) {
        sentence.append("; did you mean ").append(String.join(" or ", nearest)).append('?');
      }
    }
    sentence.append("; see: ").append(command).append(" --help");
    console.messages().println(sentence);
    return ExitCode.WRONG_INPUT;
  }

  /** A command that failed. */
  int report(Throwable failure) {
    if (failure instanceof InvalidPathException noPath) {
      return report(PathText.refused(noPath));
    }
    if (failure instanceof InputException wrong) {
      wrong.problems().stream().map(Problem::toString).forEach(console.messages()::println);
    } else {
      console.messages().println(sentence(failure));
    }
    if (root.debug) {
      failure.printStackTrace(console.messages());
    }
    return failure instanceof InputException ? ExitCode.WRONG_INPUT : ExitCode.FAILED;
  }

  private static String sentence(Throwable failure) {
    if (failure instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return sentence(unchecked.getCause());
    }
    if (failure instanceof FileSystemException file) {
      return file.getFile() + ": " + reason(file);
    }
    @Nullable String message = failure.getMessage();
    if (failure instanceof OutOfMemoryError) {
      return "Java ran out of memory ("
          + message
          + "); give it more, as with POLYPHASE_JAVA_OPTS=-Xmx16g";
    }
    if (message == null) {
      return "the command failed, and the cause has no name; --debug shows where";
    }
    if (failure instanceof RunFailedException || failure instanceof IOException) {
      return message;
    }
    return "the command failed: " + firstLine(message) + "; --debug shows where";
  }

  private static String reason(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "there is no such file or folder";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (failure instanceof FileAlreadyExistsException) {
      return "a file of that name exists already";
    }
    @Nullable String reason = failure.getReason();
    return reason == null ? "it can't be read or written" : reason;
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse(message);
  }
}
