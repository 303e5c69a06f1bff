package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.stream.Stream;

/**
 * The weights of a folder in Hugging Face layout: {@code model.safetensors}, or, where that is not
 * there, the files that {@code model.safetensors.index.json} names. Opening reads the headers alone
 * and checks them against the length of the files, so that what is mapped later is really there.
 *
 * <p>Files may be links as {@link FolderLinks} lets them, as in the cache of the Hugging Face hub.
 * Tensors that a file holds but the index does not list are not part of the checkpoint.
 */
public final class Checkpoint {
  static final String SINGLE_FILE = "model.safetensors";
  private static final int MOST_MISSING = 5;

  private final Path folder;
  private final Optional<ShardIndex> index;
  private final List<Path> weightFiles;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

  private Checkpoint(
      Path folder, Optional<ShardIndex> index, List<Path> weightFiles, List<TensorInfo> tensors) {
    this.folder = folder;
    this.index = index;
    this.weightFiles = List.copyOf(weightFiles);
    for (TensorInfo tensor : tensors) {
      this.tensors.put(tensor.name(), tensor);
    }
  }

  /**
   * Opens a folder.
   *
   * @throws InputException if the folder holds no weights, or a file of them is missing, incomplete
   *     or malformed, or a link leads out of the folder
   * @throws IOException if a file that is there can't be read
   */
  public static Checkpoint open(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          Place.in(folder.toString()),
          Files.exists(folder)
              ? "this is a file, but a model is a folder with config.json and safetensors files"
              : "there is no such folder; name the folder of a model");
    }
    FolderLinks.requireOwn(folder);
    Path single = folder.resolve(SINGLE_FILE);
    // A link into nowhere is there too: the reader says so better than "not found".
    if (Files.exists(single) || Files.isSymbolicLink(single)) {
      return new Checkpoint(
          folder, Optional.empty(), List.of(single), SafetensorsHeader.read(single));
    }
    Path indexFile = folder.resolve(ShardIndex.FILE_NAME);
    if (InputFile.isThere(indexFile)) {
      return openShards(folder, indexFile);
    }
    throw new InputException(Place.in(folder.toString()), noWeights(folder));
  }

  /**
   * The same weights but for some tensors, whose values lie in other files. All else is still the
   * folder's; there is no folder to write it from.
   *
   * <p>Where one is an expert's part of a fused tensor, that tensor lies in no one place any more:
   * experts' parts are tensors of their own then.
   *
   * @param others tensors of the names and shapes of this checkpoint's, experts' parts among them;
   *     their types may differ
   * @throws IllegalArgumentException if one of them is not like that
   */
  public Checkpoint with(List<TensorInfo> others) {
    boolean apart = others.stream().anyMatch(other -> !tensors.containsKey(other.name()));
    Map<String, TensorInfo> changed = new LinkedHashMap<>();
    (apart ? parts() : tensors()).forEach(own -> changed.put(own.name(), own));
    for (TensorInfo other : others) {
      TensorInfo own = changed.get(other.name());
      if (own == null || !own.shape().equals(other.shape())) {
        throw new IllegalArgumentException(
            folder + " has no tensor " + other.name() + " of the shape " + other.shape());
      }
      changed.put(other.name(), other);
    }
    return new Checkpoint(folder, index, weightFiles, List.copyOf(changed.values()));
  }

  private static Checkpoint openShards(Path folder, Path indexFile) throws IOException {
    ShardIndex index = ShardIndex.read(indexFile);
    List<Path> files = new ArrayList<>();
    List<TensorInfo> tensors = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    SortedMap<String, SortedSet<String>> tensorsByFile = index.tensorsByFile();
    refuseMissing(folder, indexFile, tensorsByFile.keySet());
    for (Map.Entry<String, SortedSet<String>> indexed : tensorsByFile.entrySet()) {
      Path file = folder.resolve(indexed.getKey());
      files.add(file);
      SortedSet<String> missing = indexed.getValue();
      try {
        for (TensorInfo tensor : SafetensorsHeader.read(file)) {
          if (missing.remove(tensor.name())) {
            tensors.add(tensor);
          }
        }
      } catch (InputException e) {
        problems.addAll(e.problems());
        continue;
      }
      if (!missing.isEmpty()) {
        problems.add(
            new Problem(
                Place.in(file.toString()),
                "the index says that the file holds "
                    + Some.named(missing, "tensors")
                    + ", but it does not; index and files are not of one model, download both"
                    + " again"));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new Checkpoint(folder, Optional.of(index), files, tensors);
  }

  private static String noWeights(Path folder) throws IOException {
    Optional<String> adapter = AdapterFolder.sentence(folder);
    if (adapter.isPresent()) {
      return adapter.get();
    }
    String needed = "the folder has neither " + SINGLE_FILE + " nor " + ShardIndex.FILE_NAME;
    try (Stream<Path> files = Files.list(folder)) {
      Optional<String> other =
          files
              .map(file -> file.getFileName().toString())
              .filter(CarriedFiles::isWeights)
              .sorted()
              .findFirst();
      return other.isPresent()
          ? needed + ", only " + other.get() + "; convert the weights to safetensors"
          : needed + "; name the folder of a model in Hugging Face layout";
    }
  }

  /** Each file that is missing has a sentence, unless a download was broken off at the start. */
  private static void refuseMissing(Path folder, Path indexFile, Set<String> fileNames) {
    List<String> missing =
        fileNames.stream()
            .filter(name -> !Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS))
            .toList();
    if (missing.size() > MOST_MISSING) {
      throw new InputException(
          Place.in(indexFile.toString()),
          "%s of the %s files that it names are missing, as %s; download or copy the model again"
              .formatted(
                  SafetensorsHeader.count(missing.size()),
                  SafetensorsHeader.count(fileNames.size()),
                  Some.named(missing, "files")));
    }
  }

  /** The folder, as it was named on opening. */
  public Path folder() {
    return folder;
  }

  /** All tensors, by file name and within a file by position, wherever their values lie. */
  public List<TensorInfo> tensors() {
    return List.copyOf(tensors.values());
  }

  /**
   * All parameters: the tensors, but in the place of one that holds several experts each expert's
   * part of it, as {@link FusedExperts} names them.
   */
  public List<TensorInfo> parts() {
    List<TensorInfo> parts = new ArrayList<>();
    tensors.values().forEach(tensor -> parts.addAll(partsOf(tensor)));
    return parts;
  }

  /** The parts of one of the tensors: of one that holds several experts theirs, else itself. */
  public List<TensorInfo> partsOf(TensorInfo tensor) {
    return FusedExperts.isFused(tensor, tensors) ? FusedExperts.split(tensor) : List.of(tensor);
  }

  /**
   * The tensor of this full name, or the expert's part of a fused one, {@code
   * model.layers.0.mlp.experts.gate_up_proj[3]}.
   */
  public Optional<TensorInfo> find(String name) {
    TensorInfo tensor = tensors.get(name);
    return tensor != null ? Optional.of(tensor) : part(name);
  }

  private Optional<TensorInfo> part(String name) {
    return FusedExperts.partName(name)
        .flatMap(
            part ->
                Optional.ofNullable(tensors.get(part.tensor()))
                    .filter(fused -> FusedExperts.isFused(fused, tensors))
                    .filter(fused -> part.expert() < fused.shape().get(0))
                    .map(fused -> FusedExperts.part(fused, part.expert())));
  }

  /** Whether there is a tensor of this full name, or an expert's part of one. */
  public boolean contains(String name) {
    return find(name).isPresent();
  }

  /** The folder's files that hold tensors, by name. */
  public List<Path> weightFiles() {
    return weightFiles;
  }

  /** The index that names the files, where there is more than {@code model.safetensors}. */
  Optional<ShardIndex> index() {
    return index;
  }
}
