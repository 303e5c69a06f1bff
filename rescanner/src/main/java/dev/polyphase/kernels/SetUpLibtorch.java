package dev.polyphase.kernels;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The libtorch for CUDA that {@code polyphase setup cuda} found or fetched, as {@code
 * libtorch/libtorch.json} below {@code POLYPHASE_HOME} keeps it for the commands that follow.
 *
 * @param folder the one with the libraries
 * @param origin where it is from, in words
 */
public record SetUpLibtorch(Path folder, String origin) {
  private static final String FILE = "libtorch.json";

  /** The folder, below {@code POLYPHASE_HOME}, of the file and of what was fetched. */
  public static Path place(Path home) {
    return home.resolve("libtorch");
  }

  /** Where the choice is kept. */
  public static Path file(Path home) {
    return place(home).resolve(FILE);
  }

  /**
   * What was set up; empty where nothing was.
   *
   * @throws InputException where the file is damaged, or others could change it or what was fetched
   */
  public static Optional<SetUpLibtorch> read(Path home) throws IOException {
    Path file = file(home);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    Path place = place(home);
    TrustedFolder.check(place, List.of(FILE), NativeFolder.HARM, NativeFolder.HOME);
    ObjectNode kept = JsonFile.object(file);
    String folder = kept.path("folder").asText();
    try {
      Path path = Path.of(folder);
      if (path.isAbsolute()) {
        if (path.startsWith(place.toAbsolutePath())) {
          TrustedFolder.check(path, List.of("."), NativeFolder.HARM, NativeFolder.HOME);
        }
        return Optional.of(new SetUpLibtorch(path, kept.path("origin").asText()));
      }
    } catch (InvalidPathException e) {
      // Told below.
    }
    throw new InputException(
        Place.in(file.toString()),
        "folder is no absolute path; run polyphase setup cuda again, or remove the file");
  }

  /** Keeps it for the commands that follow. */
  public void write(Path home) throws IOException {
    ObjectNode kept = JsonNodeFactory.instance.objectNode();
    kept.put("folder", folder.toAbsolutePath().toString()).put("origin", origin);
    Files.createDirectories(place(home));
    AtomicFiles.writeString(file(home), kept.toPrettyString() + "\n");
  }
}
