package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The links in a folder that someone else may have made. They are followed within the folder, and
 * in the cache of the Hugging Face hub, whose {@code models--X/snapshots/REVISION} is made of links
 * to {@code models--X/blobs}, to there. By any other a file of this machine would become part of a
 * model that is given on.
 */
public final class FolderLinks {
  private FolderLinks() {}

  /**
   * Refuses a model's folder that has links which lead out of it. Not looked at are folders in it,
   * of which nothing is read, and weights in other formats.
   *
   * @throws InputException naming each of them
   */
  public static void requireOwn(Path folder) throws IOException {
    requireOwn(folder, 1);
  }

  /** The same at any depth but in hidden folders: of all that is carried over. */
  static void requireAllOwn(Path folder) throws IOException {
    requireOwn(folder, Integer.MAX_VALUE);
  }

  private static void requireOwn(Path folder, int depth) throws IOException {
    Path root = folder.toRealPath();
    List<Problem> problems = new ArrayList<>();
    Files.walkFileTree(
        root,
        Set.of(),
        depth,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            return path.equals(root) || !path.getFileName().toString().startsWith(".")
                ? FileVisitResult.CONTINUE
                : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isSymbolicLink()
                && matters(path.getFileName().toString())
                && leadsOut(root, path)) {
              problems.add(problem(folder.resolve(root.relativize(path))));
            }
            return FileVisitResult.CONTINUE;
          }

          /** Whether what can't be looked at is needed is for those to say who read it. */
          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) {
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path path, @Nullable IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  private static boolean matters(String name) {
    return !CarriedFiles.isWeights(name) || name.toLowerCase(Locale.ROOT).contains("safetensors");
  }

  /** Of a link into nowhere, those who need the file say that it is not there. */
  private static boolean leadsOut(Path root, Path link) {
    Path end;
    try {
      end = link.toRealPath();
    } catch (AccessDeniedException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
    return !end.startsWith(root) && !isBlob(root, end);
  }

  private static boolean isBlob(Path root, Path end) {
    @Nullable Path snapshots = root.getParent();
    @Nullable Path repository = snapshots == null ? null : snapshots.getParent();
    return snapshots != null
        && repository != null
        && snapshots.endsWith("snapshots")
        && repository.getFileName() != null
        && repository.getFileName().toString().startsWith("models--")
        && end.startsWith(repository.resolve("blobs"));
  }

  private static Problem problem(Path link) throws IOException {
    return new Problem(
        Place.in(link.toString()),
        "this is a link to "
            + Files.readSymbolicLink(link)
            + ", out of the model's folder; put the file itself in its place, or remove the link");
  }
}
