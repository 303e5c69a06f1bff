package dev.polyphase.orchestrator.store;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of a run and the names of what is in it. Scripts read them: they are a contract.
 *
 * @param path {@code DIR/NAME}
 */
public record RunFolder(Path path) {
  private static final Pattern PHASE = Pattern.compile("phase-[0-9]{2,}-.+");

  /** Of the files in a model's folder. */
  private static final String LONGEST_NAME = "model-00001-of-00001.safetensors";

  /** The pipeline as run, with every default filled in. */
  public Path pipelineYaml() {
    return path.resolve("pipeline.yaml");
  }

  /** The state of the run and of each phase. */
  public Path runJson() {
    return path.resolve("run.json");
  }

  /** The weights that a pipeline which begins with a new model starts from. */
  public Path newModel() {
    return path.resolve("base");
  }

  /** What happened, a line each. */
  public Path eventsJsonl() {
    return path.resolve("events.jsonl");
  }

  /** All that happened, a line each, with the figures of it. */
  public Path logJsonl() {
    return path.resolve("log.jsonl");
  }

  /** What a run of the queue wrote to its terminal, which is none. */
  public Path console() {
    return path.resolve("console.log");
  }

  /** The file that asks the process which runs this run for a checkpoint; it removes it. */
  public Path saveRequest() {
    return path.resolve("save");
  }

  /** The file that the process which runs this run holds locked. */
  public Path lock() {
    return path.resolve(".lock");
  }

  /** Where trackers have the run, so that it goes on there. */
  public Path trackersJson() {
    return path.resolve("trackers.json");
  }

  /** The report to look at. */
  public Path reportPage() {
    return path.resolve("report").resolve("index.html");
  }

  /**
   * What this run's scans computed. It may be removed at any time; later scans then take longer.
   */
  public Path spectra() {
    return path.resolve(".cache").resolve("spectra");
  }

  /** The report's figures. */
  public Path reportJson() {
    return path.resolve("report").resolve("report.json");
  }

  /**
   * The folder of a phase.
   *
   * @param index its place in the pipeline, counted from 0
   */
  public PhaseFolder phase(int index, String name) {
    return new PhaseFolder(path.resolve(phaseFolderName(index, name)));
  }

  /** The folders that are called as those of phases, whatever pipeline left them. */
  public List<PhaseFolder> phaseFolders() throws IOException {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .filter(entry -> PHASE.matcher(entry.getFileName().toString()).matches())
          .filter(entry -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .map(PhaseFolder::new)
          .toList();
    }
  }

  /** The name of such a folder, {@code phase-01-foundation}. */
  static String phaseFolderName(int index, String name) {
    return "phase-%02d-%s".formatted(index + 1, name);
  }

  /**
   * What a phase's model is called outside of its run, {@code RUN-phase-01-foundation}; empty where
   * a folder is no phase's model.
   */
  public static Optional<String> nameOfModel(Path folder) {
    Path model = folder.toAbsolutePath().normalize();
    int names = model.getNameCount();
    if (names < 3 || !model.endsWith("model")) {
      return Optional.empty();
    }
    String phase = model.getName(names - 2).toString();
    RunFolder run = new RunFolder(model.resolve("../..").normalize());
    return PHASE.matcher(phase).matches() && Files.isRegularFile(run.runJson())
        ? Optional.of(model.getName(names - 3) + "-" + phase)
        : Optional.empty();
  }

  /**
   * Refuses a folder in which someone else has put what the files of a run can't be: links that
   * lead out of it, through which a run would read, write or remove files of others, FIFOs and
   * devices. A folder that is not there is one without them.
   *
   * @throws InputException naming each
   */
  public void requireOwnFiles() throws IOException {
    if (!Files.isDirectory(path)) {
      return;
    }
    if (!Files.isReadable(path) || !Files.isExecutable(path)) {
      throw InputFile.notAllowed(path);
    }
    Path root = path.toRealPath();
    List<Problem> problems = new ArrayList<>();
    try {
      // A job of an engine may write files, and remove them, meanwhile.
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              foreign(file, attributes, root)
                  .ifPresent(
                      sentence ->
                          problems.add(
                              new Problem(
                                  Place.in(path.resolve(root.relativize(file)).toString()),
                                  sentence)));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
              if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
              }
              throw e;
            }
          });
    } catch (AccessDeniedException e) {
      throw InputFile.notAllowed(Path.of(e.getFile()));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  /** Why a file is none of the run's own; empty of one that may be. */
  private static Optional<String> foreign(Path file, BasicFileAttributes attributes, Path root)
      throws IOException {
    if (!attributes.isSymbolicLink()) {
      return attributes.isRegularFile()
          ? Optional.empty()
          : InputFile.wrong(InputFile.kindOf(file));
    }
    return Files.exists(file) && file.toRealPath().startsWith(root)
        ? Optional.empty()
        : Optional.of(
            "this is a link to "
                + Files.readSymbolicLink(file)
                + ", out of the run's folder; put the file or folder itself in its place, or remove the link");
  }

  /**
   * Checks that a run can write into the folder, which need not exist.
   *
   * @param phases the names of the run's phases, in order
   * @throws InputException where it can't
   */
  public void requireWritable(List<String> phases) throws IOException {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new InputException(path + " exists and is no run; choose another name or --output");
    }
    for (int i = 0; i < phases.size(); i++) {
      Path phase = Path.of(phaseFolderName(i, phases.get(i)));
      OutputPlace.requireFolder(path, phase.resolve("model").resolve(LONGEST_NAME));
      if (Files.isDirectory(path.resolve(phase))) {
        OutputPlace.requireFolder(path.resolve(phase), Path.of("model"));
      }
    }
    for (Path file : List.of(lock(), eventsJsonl(), logJsonl())) {
      if (Files.exists(file) && !Files.isWritable(file)) {
        throw new InputException(
            Place.in(file.toString()),
            "you may not write to this (permission denied); make the run's folder writable");
      }
    }
  }

  /** Whether there is something in it but hidden files, as the lock that a run begins with. */
  public boolean holdsSomething() throws IOException {
    if (!Files.isDirectory(path)) {
      return Files.exists(path);
    }
    try (Stream<Path> files = Files.list(path)) {
      return files.anyMatch(file -> !file.getFileName().toString().startsWith("."));
    }
  }

  /**
   * Moves the folder out of the way, to the first {@code NAME.old-N} beside it that is free.
   *
   * @return its new place
   */
  public Path retire() throws IOException {
    for (int n = 1; ; n++) {
      Path old = path.resolveSibling(path.getFileName() + ".old-" + n);
      if (!Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
        return Files.move(path, old);
      }
    }
  }
}
