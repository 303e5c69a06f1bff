package dev.polyphase.orchestrator.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.hub.Listing.RemoteFile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The cache of downloaded repositories, laid out as Hugging Face's own tools do, which thus find
 * what is downloaded here and the other way round:
 *
 * <pre>
 * models--OWNER--NAME/
 *   refs/main                  the commit that a branch or tag was when it was downloaded
 *   blobs/SHA                  each content once
 *   snapshots/COMMIT/NAME      a link to it
 *   trees/COMMIT.json          all files that belong to the commit, downloaded or not; ours is
 *                              COMMIT.polyphase.json
 * </pre>
 *
 * @param folder the cache, which need not exist
 */
public record HubCache(Path folder) {
  private static final ObjectMapper JSON = new ObjectMapper();

  // A commit; other tools and tests may have shorter ones.
  private static final Pattern COMMIT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /**
   * The cache where Hugging Face's own tools have it: {@code HF_HUB_CACHE}, else {@code
   * HF_HOME/hub}, else {@code ~/.cache/huggingface/hub}.
   */
  public static HubCache of(Map<String, String> environment, Path home) {
    String given = environment.getOrDefault("HF_HUB_CACHE", "");
    return new HubCache(
        given.isEmpty()
            ? HubSettings.folder(environment, home).resolve("hub")
            : HubSettings.path(given, home));
  }

  /** What the cache has of a repository. */
  Path of(Repository repository) {
    return folder.resolve(repository.folderName());
  }

  /**
   * The commit that a revision was when it was downloaded; a commit's whole name is itself.
   *
   * @throws InputException if the cache says what can't be one
   */
  Optional<String> commit(Repository repository, String revision) throws IOException {
    if (Listing.isCommit(revision)) {
      return Optional.of(revision);
    }
    Path ref = of(repository).resolve("refs").resolve(revision);
    if (!Files.isRegularFile(ref)) {
      return Optional.empty();
    }
    String commit;
    try {
      commit = new String(InputFile.readAllBytes(ref), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      throw FileFailure.reading(ref, e);
    }
    if (!COMMIT.matcher(commit).matches()) {
      throw new InputException(
          Place.in(ref.toString()),
          "this names no revision, which is letters and digits; remove it, and download "
              + repository.words()
              + " again");
    }
    return Optional.of(commit);
  }

  /** The folder of a commit's files, which need not exist. */
  Path snapshotFolder(Repository repository, String commit) {
    return of(repository).resolve("snapshots").resolve(commit);
  }

  /**
   * The same where it is there.
   *
   * @throws InputException if it leads out of the cache
   */
  Optional<Path> snapshot(Repository repository, String commit) throws IOException {
    Path snapshot = snapshotFolder(repository, commit);
    if (!Files.isDirectory(snapshot)) {
      return Optional.empty();
    }
    if (!snapshot.toRealPath().startsWith(of(repository).toRealPath())) {
      throw new InputException(
          Place.in(snapshot.toString()), "this leads out of the cache; remove it and try again");
    }
    return Optional.of(snapshot);
  }

  /** The folder of contents. */
  Path blobs(Repository repository) {
    return of(repository).resolve("blobs");
  }

  /** Where a content is, once it is there whole. */
  Path blob(Repository repository, RemoteFile file) {
    return blobs(repository).resolve(file.blob());
  }

  /** Whether a content is there; one that another tool left cut is not. */
  boolean hasBlob(Repository repository, RemoteFile file) throws IOException {
    Path blob = blob(repository, file);
    return Files.isRegularFile(blob) && Files.size(blob) == file.size();
  }

  /**
   * Where it is until then. Other tools have names of their own for that, so that nobody writes
   * into what another one takes as whole.
   */
  Path partial(Repository repository, RemoteFile file) {
    return blobs(repository).resolve(file.blob() + ".polyphase.incomplete");
  }

  /** Whether a snapshot has a file, whole. */
  boolean has(Repository repository, String commit, RemoteFile file) throws IOException {
    Path there = snapshotFolder(repository, commit).resolve(file.name());
    return Files.isRegularFile(there) && Files.size(there) == file.size();
  }

  /** All files that belong to a commit, if that is known; what can't be read is not known. */
  Optional<Listing> listing(Repository repository, String commit) throws IOException {
    for (Path file : List.of(ownTree(repository, commit), tree(repository, commit + ".json"))) {
      if (Files.isRegularFile(file)) {
        try {
          Optional<Listing> listing = Listing.read(commit, JSON.readTree(file.toFile()));
          if (listing.isPresent()) {
            return listing;
          }
        } catch (JsonProcessingException e) {
          // Not known.
        }
      }
    }
    return Optional.empty();
  }

  /** Keeps what belongs to a commit. */
  void keep(Repository repository, Listing listing) throws IOException {
    Path file = ownTree(repository, listing.commit());
    Files.createDirectories(file.getParent());
    AtomicFiles.writeString(file, listing.json().toPrettyString());
  }

  /** Under the name that huggingface_hub gives it, that would take what is not needed as lost. */
  private Path ownTree(Repository repository, String commit) {
    return tree(repository, commit + ".polyphase.json");
  }

  private Path tree(Repository repository, String name) {
    return of(repository).resolve("trees").resolve(name);
  }

  /** Keeps which commit a branch or tag is. */
  void keep(Repository repository, String revision, String commit) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path ref = of(repository).resolve("refs").resolve(revision);
    Files.createDirectories(ref.getParent());
    AtomicFiles.writeString(ref, commit);
  }

  /** Names a content that is there in a snapshot, by a link that moves with the cache. */
  void link(Repository repository, String commit, RemoteFile file) throws IOException {
    Path blob = blob(repository, file);
    Path name = snapshotFolder(repository, commit).resolve(file.name());
    Path parent = Objects.requireNonNull(name.getParent());
    Files.createDirectories(parent);
    if (Files.exists(name, LinkOption.NOFOLLOW_LINKS)) {
      Files.delete(name);
    }
    try {
      Files.createSymbolicLink(name, parent.relativize(blob));
    } catch (FileAlreadyExistsException e) {
      // By another tool, a moment ago.
    } catch (UnsupportedOperationException | FileSystemException e) {
      // Windows gives links only to some; then the file itself is there twice.
      Files.copy(blob, name);
    }
  }
}
