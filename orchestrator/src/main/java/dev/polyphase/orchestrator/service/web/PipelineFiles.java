package dev.polyphase.orchestrator.service.web;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The pipelines below a folder, to choose one from.
 *
 * @param folder where they are looked for
 * @param home {@code POLYPHASE_HOME}, in which lie those that were submitted
 */
record PipelineFiles(Path folder, Path home) {
  private static final int DEPTH = 4;
  private static final int MOST = 200;
  private static final int MOST_LOOKED_AT = 20_000;
  private static final long LONGEST = 1 << 17;

  /** A pipeline names phases, and itself. */
  private static final Pattern PHASES = Pattern.compile("(?m)^phases:");

  private static final Pattern NAME = Pattern.compile("(?m)^name:[ \\t]*['\"]?([^'\"\\n#]+)");

  /** What runs and builds leave is no place of pipelines. */
  private static final Pattern PASSED_OVER =
      Pattern.compile("\\..*|phase-\\d{2,}-.*|target|node_modules|checkpoints");

  /**
   * A pipeline.
   *
   * @param path as seen from the folder
   * @param name what it calls itself
   */
  record Found(String path, String name) {}

  List<Found> find() throws IOException {
    List<Found> found = new ArrayList<>();
    Files.walkFileTree(folder, EnumSet.noneOf(FileVisitOption.class), DEPTH, visitor(found));
    found.sort(Comparator.comparing(Found::path));
    return found;
  }

  private FileVisitor<Path> visitor(List<Found> found) {
    return new SimpleFileVisitor<>() {
      private int lookedAt;

      @Override
      public FileVisitResult preVisitDirectory(Path entered, BasicFileAttributes attributes) {
        boolean passed = !entered.equals(folder) && PASSED_OVER.matcher(nameOf(entered)).matches();
        boolean isRun = Files.isRegularFile(entered.resolve("run.json"));
        return passed || isRun || entered.equals(home)
            ? FileVisitResult.SKIP_SUBTREE
            : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
        if (nameOf(file).matches(".*\\.ya?ml")
            && attributes.isRegularFile()
            && attributes.size() <= LONGEST) {
          pipelineIn(file).ifPresent(found::add);
        }
        return ++lookedAt >= MOST_LOOKED_AT || found.size() >= MOST
            ? FileVisitResult.TERMINATE
            : FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path file, IOException failure) {
        return FileVisitResult.CONTINUE;
      }
    };
  }

  private static String nameOf(Path file) {
    return String.valueOf(file.getFileName());
  }

  private Optional<Found> pipelineIn(Path file) {
    try {
      String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      Matcher name = NAME.matcher(text);
      return PHASES.matcher(text).find() && name.find()
          ? Optional.of(new Found(folder.relativize(file).toString(), name.group(1).strip()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
