package dev.polyphase.orchestrator.hub;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds the folder of a model that a user names: a folder, or a Hugging Face id whose files are in
 * the hub's cache on this machine. Nothing is ever downloaded.
 *
 * @param cache the hub's cache, which need not exist
 */
public record ModelFolders(Path cache) {
  // owner/name, or a bare name as the oldest models have.
  private static final Pattern ID =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?");

  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /**
   * The cache where Hugging Face's own tools have it: {@code HF_HUB_CACHE}, else {@code
   * HF_HOME/hub}, else {@code ~/.cache/huggingface/hub}.
   */
  public static ModelFolders of(Map<String, String> environment, Path home) {
    String hubCache = environment.getOrDefault("HF_HUB_CACHE", "");
    if (!hubCache.isEmpty()) {
      return new ModelFolders(Path.of(hubCache));
    }
    String hfHome = environment.getOrDefault("HF_HOME", "");
    Path huggingFace = hfHome.isEmpty() ? home.resolve(".cache/huggingface") : Path.of(hfHome);
    return new ModelFolders(huggingFace.resolve("hub"));
  }

  /**
   * The folder of a model.
   *
   * @param model a folder or an id
   * @param base what a relative folder is relative to
   * @throws InputException if it is neither a folder nor in the cache
   */
  public Path resolve(String model, Path base) throws IOException {
    Path folder = base.resolve(model);
    if (Files.isDirectory(folder)) {
      return folder;
    }
    if (Files.exists(folder)) {
      throw new InputException(folder + " is a file; a model is a folder in Hugging Face layout");
    }
    if (!ID.matcher(model).matches()) {
      throw new InputException("there is no folder " + folder + "; name the folder of a model");
    }
    return inCache(model)
        .orElseThrow(
            () ->
                new InputException(
                    "the model "
                        + model
                        + " is neither the folder "
                        + folder
                        + " nor in the Hugging Face cache "
                        + cache
                        + "; download it first, as with: hf download "
                        + model));
  }

  /** Whether a model is named by its id rather than by a folder. */
  public boolean isId(String model, Path base) {
    return !Files.isDirectory(base.resolve(model)) && ID.matcher(model).matches();
  }

  /** The snapshot that {@code main} points to: {@code models--OWNER--NAME/snapshots/COMMIT}. */
  private Optional<Path> inCache(String id) throws IOException {
    Path repository = cache.resolve("models--" + id.replace("/", "--"));
    Path main = repository.resolve("refs").resolve("main");
    if (!Files.isRegularFile(main)) {
      return Optional.empty();
    }
    String revision;
    try {
      revision = new String(InputFile.readAllBytes(main), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw FileFailure.reading(main, e);
    }
    if (!REVISION.matcher(revision).matches()) {
      throw new InputException(
          Place.in(main.toString()),
          "this names no revision, which is letters and digits; download the model again");
    }
    Path snapshot = repository.resolve("snapshots").resolve(revision);
    if (!Files.isDirectory(snapshot)) {
      return Optional.empty();
    }
    if (!snapshot.toRealPath().startsWith(repository.toRealPath())) {
      throw new InputException(
          Place.in(snapshot.toString()), "this leads out of the cache; download the model again");
    }
    return Optional.of(snapshot);
  }
}
