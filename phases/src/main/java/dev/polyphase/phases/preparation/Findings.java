package dev.polyphase.phases.preparation;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is wrong with the parts of a phase, which is all told at once. */
public final class Findings {
  private final Set<Problem> problems = new LinkedHashSet<>();

  /** A part of a phase, which may be wrong whatever others are. */
  @FunctionalInterface
  public interface Part<T> {
    T get() throws IOException;
  }

  /** Adds problems. */
  public void add(Collection<Problem> more) {
    problems.addAll(more);
  }

  /** A part; null where it has problems, which are added. */
  public <T> @Nullable T sound(Part<T> part) throws IOException {
    try {
      return part.get();
    } catch (InputException e) {
      problems.addAll(e.problems());
      return null;
    }
  }

  /**
   * Goes on where nothing was found.
   *
   * @throws InputException with all that was
   */
  public void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new InputException(List.copyOf(problems));
    }
  }
}
