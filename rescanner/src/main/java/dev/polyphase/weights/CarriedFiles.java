package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
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
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What a folder in Hugging Face layout holds besides its weights: configuration, tokenizer,
 * templates, licence. It goes with every checkpoint that is made from that folder.
 *
 * <p>Left behind are weights of any format with their index, at any depth, the configuration of an
 * adapter, without whose weights PEFT can load nothing from the folder, and hidden folders ({@code
 * .git}, {@code .cache}): copies of the weights and the bookkeeping of downloads. A link to a file
 * counts as the file, where {@link FolderLinks} lets it; links to folders are not followed.
 */
final class CarriedFiles {
  private static final Pattern WEIGHTS =
      Pattern.compile(
          ".*\\.(safetensors|pt|pth|ckpt|h5|msgpack|gguf|ggml|onnx|onnx_data|ot|tflite)"
              + "|([a-z0-9_]+_)?model.*\\.bin"
              // model.safetensors.index.json, and model.safetensors.index.fp16.json of a variant
              + "|.*\\.(safetensors|bin|h5|msgpack)\\.index(\\.[^.]+)?\\.json");

  private CarriedFiles() {}

  /** Whether a file of this name holds weights, or says which files hold them. */
  static boolean isWeights(String fileName) {
    return WEIGHTS.matcher(fileName.toLowerCase(Locale.ROOT)).matches();
  }

  /**
   * The files to carry over, relative to the folder.
   *
   * @param target the folder that is written; should it lie within {@code folder}, then the
   *     sub-folder that leads to it is left out; neither it nor its parent need exist
   * @throws InputException naming every file that can't be carried over: links that lead out of the
   *     folder, what is no file, and what may not be read
   */
  static SortedSet<Path> of(Path folder, Path target) throws IOException {
    FolderLinks.requireAllOwn(folder);
    Path root = folder.toRealPath();
    Path realTarget = realPath(target);
    SortedSet<Path> files = new TreeSet<>();
    List<Problem> problems = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            boolean carried =
                path.equals(root)
                    || (!path.getFileName().toString().startsWith(".")
                        && !realTarget.startsWith(path));
            return carried ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            String name = path.getFileName().toString();
            if (isWeights(name) || name.equals(AdapterFolder.CONFIG)) {
              return FileVisitResult.CONTINUE;
            }
            Path file = root.relativize(path);
            Path asNamed = folder.resolve(file);
            InputFile.Kind kind = InputFile.kindOf(path);
            if (attributes.isOther()) {
              InputFile.wrong(kind)
                  .ifPresent(
                      sentence ->
                          problems.add(new Problem(Place.in(asNamed.toString()), sentence)));
            } else if (kind == InputFile.Kind.FILE && Files.isReadable(path)) {
              files.add(file);
            } else if (kind == InputFile.Kind.FILE) {
              problems.addAll(InputFile.notAllowed(asNamed).problems());
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
            if (!(e instanceof AccessDeniedException)) {
              throw e;
            }
            problems.addAll(InputFile.notAllowed(folder.resolve(root.relativize(path))).problems());
            return FileVisitResult.CONTINUE;
          }
        });
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return files;
  }

  /** Of a path whose last parts need not exist. */
  private static Path realPath(Path path) throws IOException {
    Path whole = path.toAbsolutePath().normalize();
    Path there = whole;
    while (!Files.exists(there)) {
      there = TemporaryNames.folderOf(there);
    }
    return there.toRealPath().resolve(there.relativize(whole));
  }
}
