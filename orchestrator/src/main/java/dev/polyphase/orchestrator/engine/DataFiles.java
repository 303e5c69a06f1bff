package dev.polyphase.orchestrator.engine;

import dev.polyphase.chat.ChatTemplates;
import dev.polyphase.data.DatasetFiles;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The files of a phase's data and their digests, to notice that they changed between two starts.
 */
final class DataFiles {
  private DataFiles() {}

  /**
   * The SHA-256 of each file, that of a chat template too, by its path as the pipeline gives it. A
   * file that is not there is left out: whether that is an error is for the trainer to say.
   *
   * @param request the run, with the folder that paths are relative to
   */
  static Map<String, String> digests(Phase phase, RunRequest request) throws IOException {
    Path folder = request.folder();
    SortedMap<String, String> digests = new TreeMap<>();
    for (Dataset dataset :
        Stream.concat(phase.datasets().stream(), phase.evaluation().evalDatasets().stream())
            .toList()) {
      for (Path file : files(dataset, request)) {
        digests.put(nameOf(file, folder), sha256(file));
      }
    }
    Optional<Path> template =
        phase.rows().chatTemplate().flatMap(asked -> ChatTemplates.file(asked, folder));
    if (template.isPresent() && Files.isRegularFile(template.get())) {
      digests.put(nameOf(template.get(), folder), sha256(template.get()));
    }
    return digests;
  }

  /** The names of the datasets' files, without their folders. */
  static SortedSet<String> names(List<Dataset> datasets, RunRequest request) throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (Dataset dataset : datasets) {
      files(dataset, request).forEach(file -> names.add(String.valueOf(file.getFileName())));
    }
    return names;
  }

  private static List<Path> files(Dataset dataset, RunRequest request) throws IOException {
    try {
      return DatasetFiles.of(request.folder(), dataset, "datasets", request.hub());
    } catch (InputException e) {
      return List.of();
    }
  }

  private static String nameOf(Path file, Path folder) {
    Path absolute = file.toAbsolutePath().normalize();
    Path base = folder.toAbsolutePath().normalize();
    return absolute.startsWith(base) ? base.relativize(absolute).toString() : absolute.toString();
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), sha256)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return HexFormat.of().formatHex(sha256.digest());
  }
}
