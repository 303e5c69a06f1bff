package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;

/**
 * What people are told of a failure: our own sentence, never a library's message. That one is for
 * {@code --debug}.
 */
public final class FailureText {
  private FailureText() {}

  /**
   * One sentence, or where the input is wrong one a line.
   *
   * @param subject what failed, as {@code polyphase scan}, where the failure does not say
   */
  public static String of(Throwable failure, String subject) {
    if (failure instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return of(unchecked.getCause(), subject);
    }
    if (failure instanceof FileSystemException file && file.getFile() != null) {
      return FileFailure.sentence(file);
    }
    if (isOurs(failure)) {
      return String.valueOf(failure.getMessage());
    }
    if (failure instanceof OutOfMemoryError) {
      return "Java ran out of memory; give it more, as with POLYPHASE_JAVA_OPTS=-Xmx16g";
    }
    if (failure instanceof CharacterCodingException) {
      return subject + ": a file that it reads is not text in UTF-8; --debug shows where";
    }
    return failure instanceof IOException
        ? subject + ": a file could not be read or written; --debug shows where and why"
        : subject + ": it failed at something that should not fail; --debug shows where and why";
  }

  /** Why, without what to do about it, where the command goes on. */
  static String cause(Throwable failure) {
    if (failure instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return cause(unchecked.getCause());
    }
    if (failure instanceof FileSystemException file && file.getFile() != null) {
      return FileFailure.cause(file);
    }
    return isOurs(failure)
        ? String.valueOf(failure.getMessage())
        : "it failed at something that should not fail";
  }

  private static boolean isOurs(Throwable failure) {
    return failure instanceof InputException
        || failure instanceof OperationFailedException
        || failure instanceof TrainingFailedException
        || failure instanceof RunFailedException;
  }
}
