package dev.polyphase.orchestrator.hub;

import dev.polyphase.data.DatasetHub;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folders of what a user names: a folder, or the id of a model or a data set on the Hugging
 * Face hub, as {@code Qwen/Qwen3-8B} or with a revision {@code Qwen/Qwen3-8B@v1.0}. What is not in
 * the hub's cache on this machine is downloaded.
 *
 * @param hub where ids are looked up
 */
public record ModelFolders(Hub hub) implements DatasetHub {

  /** An id and which version of it. */
  private record Named(Repository repository, Optional<String> revision) {
    static Optional<Named> model(String text) {
      int at = text.indexOf('@');
      String id = at < 0 ? text : text.substring(0, at);
      Optional<String> revision = at < 0 ? Optional.empty() : Optional.of(text.substring(at + 1));
      return Repository.of(Repository.Kind.MODEL, id)
          .map(repository -> new Named(repository, revision));
    }
  }

  /**
   * The folder of a model.
   *
   * @param model a folder or an id
   * @param base what a relative folder is relative to
   * @throws InputException if it is neither a folder nor on the hub
   */
  public Path resolve(String model, Path base) throws IOException {
    return resolve(model, base, new WantedFiles.OfModel());
  }

  /** The same of which configuration, tokenizer and templates are needed, and no weights. */
  public Path resolveTokenizer(String model, Path base) throws IOException {
    return resolve(model, base, new WantedFiles.OfTokenizer());
  }

  private Path resolve(String model, Path base, WantedFiles wanted) throws IOException {
    Path folder = base.resolve(model);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    if (Files.exists(folder)) {
      throw new InputException(folder + " is a file; a model is a folder in Hugging Face layout");
    }
    Named named =
        Named.model(model)
            .orElseThrow(
                () ->
                    new InputException(
                        "there is no folder " + folder + "; name the folder of a model"));
    return hub.snapshot(named.repository, named.revision, wanted, "the folder " + folder);
  }

  /** The id that a model is named by, without its revision; empty where that is a folder. */
  public static Optional<String> id(String model, Path base) {
    return Files.isDirectory(base.resolve(model))
        ? Optional.empty()
        : Named.model(model).map(named -> named.repository.id());
  }

  @Override
  public Optional<Path> snapshot(String id, Optional<String> revision) throws IOException {
    return snapshot(id, revision, ModelFolders::everything);
  }

  @Override
  public Optional<Path> snapshot(String id, Optional<String> revision, Choice choice)
      throws IOException {
    Optional<Repository> repository =
        WantedFiles.OfDataset.isRows(id)
            ? Optional.empty() // a file that is not there
            : Repository.of(Repository.Kind.DATASET, id);
    return repository.isEmpty()
        ? Optional.empty()
        : Optional.of(
            hub.snapshot(
                repository.get(), revision, new WantedFiles.OfDataset(choice), "a file or folder"));
  }

  private static List<Path> everything(Path outline) throws IOException {
    try (Stream<Path> files = Files.walk(outline)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
