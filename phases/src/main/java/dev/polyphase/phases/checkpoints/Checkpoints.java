package dev.polyphase.phases.checkpoints;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A phase's checkpoints, {@code checkpoints/step-000200}: {@code state.json}, safetensors files
 * with arrays, files that were there already, and {@link Manifest}. Each is built under another
 * name and is there whole or not at all.
 *
 * @param folder where they are; it need not exist
 */
public record Checkpoints(Path folder) {
  private static final Pattern STEP = Pattern.compile("step-(\\d{6,18})");
  private static final Pattern UNFINISHED = Pattern.compile("\\.step-\\d{6,18}\\.tmp-\\d+");
  private static final String STATE = "state.json";

  /** What was written: where, and the bytes of its files. */
  public record Written(Path folder, long bytes) {}

  /** Where the checkpoint after a step is. */
  public Path of(long step) {
    return folder.resolve("step-%06d".formatted(step));
  }

  /** Writes the checkpoint after a step; one of the same step is replaced. */
  public Written write(long step, StateWriter state) throws IOException {
    Files.createDirectories(folder);
    removeUnfinished();
    Path target = of(step);
    Path temporary = folder.resolve("." + target.getFileName() + ".tmp-1");
    try {
      Files.createDirectory(temporary);
      List<String> names = new ArrayList<>();
      for (Map.Entry<String, List<SafetensorsFile.Tensor>> file : state.arrays().entrySet()) {
        String name = file.getKey() + StoredFiles.SAFETENSORS;
        SafetensorsFile.write(temporary.resolve(name), file.getValue());
        names.add(name);
      }
      for (Map.Entry<String, Path> file : state.files().entrySet()) {
        StoredFiles.linkOrCopy(file.getValue(), temporary.resolve(file.getKey()));
        names.add(file.getKey());
      }
      AtomicFiles.writeString(
          temporary.resolve(STATE),
          new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(state.values())
              + "\n");
      names.add(STATE);
      long bytes = Manifest.write(temporary, step, names);
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        Files.move(target, folder.resolve("." + target.getFileName() + ".tmp-2"));
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      AtomicFiles.syncFolder(folder);
      removeUnfinished();
      return new Written(target, bytes);
    } catch (IOException | RuntimeException | Error e) {
      try {
        FolderTree.remove(temporary);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /**
   * The state of the newest checkpoint that is whole.
   *
   * @param passedOver hears a sentence of each newer one that is not
   */
  public Optional<StateReader> newest(Consumer<String> passedOver) throws IOException {
    for (Map.Entry<Long, Path> checkpoint : bySteps().descendingMap().entrySet()) {
      Optional<String> fault = Manifest.fault(checkpoint.getValue(), checkpoint.getKey());
      if (fault.isPresent()) {
        passedOver.accept("%s can't be used: %s".formatted(checkpoint.getValue(), fault.get()));
        continue;
      }
      return Optional.of(new StateReader(checkpoint.getValue(), state(checkpoint.getValue())));
    }
    return Optional.empty();
  }

  private static JsonNode state(Path checkpoint) throws IOException {
    try {
      return new ObjectMapper().readTree(Files.readAllBytes(checkpoint.resolve(STATE)));
    } catch (JsonProcessingException e) {
      throw new IOException(checkpoint.resolve(STATE) + " is no JSON", e);
    }
  }

  /**
   * Removes the oldest of them.
   *
   * @param limit how many stay; 0 for all
   */
  public void thin(int limit) throws IOException {
    List<Path> all = List.copyOf(bySteps().values());
    if (limit > 0) {
      for (Path old : all.subList(0, Math.max(0, all.size() - limit))) {
        FolderTree.remove(old);
      }
    }
  }

  /** Removes those after a step, which the phase did not go on from. */
  public void removeAfter(long step) throws IOException {
    for (Path later : bySteps().tailMap(step, false).values()) {
      FolderTree.remove(later);
    }
  }

  /** Removes what a process left that was killed while it wrote one. */
  private void removeUnfinished() throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> found = Files.list(folder)) {
        for (Path path :
            found.filter(p -> UNFINISHED.matcher(p.getFileName().toString()).matches()).toList()) {
          FolderTree.remove(path);
        }
      }
    }
  }

  private TreeMap<Long, Path> bySteps() throws IOException {
    TreeMap<Long, Path> bySteps = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return bySteps;
    }
    try (Stream<Path> found = Files.list(folder)) {
      for (Path path : found.toList()) {
        Matcher name = STEP.matcher(path.getFileName().toString());
        if (name.matches() && Files.isDirectory(path)) {
          bySteps.put(Long.valueOf(name.group(1)), path);
        }
      }
    }
    return bySteps;
  }
}
