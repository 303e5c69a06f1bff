package dev.polyphase.weights;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
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
 * counts as the file; links to folders are not followed.
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
   *     sub-folder that leads to it is left out
   */
  static SortedSet<Path> of(Path folder, Path target) throws IOException {
    Path root = folder.toRealPath();
    Path realTarget = TemporaryNames.folderOf(target).toRealPath().resolve(target.getFileName());
    SortedSet<Path> files = new TreeSet<>();
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
            if (Files.isRegularFile(path)
                && !isWeights(name)
                && !name.equals(AdapterFolder.CONFIG)) {
              files.add(root.relativize(path));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
