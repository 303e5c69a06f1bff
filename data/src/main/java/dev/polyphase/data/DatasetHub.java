package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;

/** Where data sets are that are named by an id. */
@FunctionalInterface
public interface DatasetHub {
  /** Of a program that has no hub, or must not ask one. */
  DatasetHub NONE = (id, revision) -> Optional.empty();

  /**
   * The folder of a data set on this machine, after it was downloaded where that is needed.
   *
   * @param id as {@code HuggingFaceH4/ultrachat_200k}
   * @param revision a commit, branch or tag; empty for the main branch
   * @return empty where no hub is asked
   * @throws InputException if the hub has none of that id, or it can't be had
   */
  Optional<Path> snapshot(String id, Optional<String> revision) throws IOException;

  /**
   * The same of which only some files are needed.
   *
   * @param choice which
   */
  default Optional<Path> snapshot(String id, Optional<String> revision, Choice choice)
      throws IOException {
    return snapshot(id, revision);
  }

  /** Says which files of a data set are needed before there is more of them than their names. */
  @FunctionalInterface
  interface Choice {

    /**
     * The files that are needed.
     *
     * @param outline a folder as the data set's, in which all files are empty but its {@code
     *     README.md} and those that say what is in a folder ({@code state.json}, {@code
     *     dataset_dict.json})
     * @return some of those in it
     */
    Collection<Path> of(Path outline) throws IOException;
  }
}
