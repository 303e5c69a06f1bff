package dev.polyphase.orchestrator.libtorch;

import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.kernels.TorchFolder;
import dev.polyphase.orchestrator.engine.Numbers;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.DiskSpace;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * PyTorch as pip fetches it, and the packages of CUDA's libraries that it names, of which libraries
 * alone are unpacked, below {@code POLYPHASE_HOME}. Each package is fetched whole or not at all, so
 * that an attempt that was cut short goes on with the next one; the folder of libraries appears
 * when all is there.
 *
 * @param python the program that has pip; it need not be one that torch is for
 * @param place the folder of ours
 * @param messages gets what is fetched, and what goes wrong
 */
record PipTorch(String python, Path place, Consumer<String> messages) implements LibtorchSource {
  /** What is fetched, and what it takes unpacked. */
  private static final long FETCHED = 2_850_000_000L;

  private static final long UNPACKED = 4_600_000_000L;

  /** The tags of the packages for Linux. */
  private static final List<String> PLATFORMS =
      List.of(
          "manylinux_2_28_x86_64",
          "manylinux_2_27_x86_64",
          "manylinux_2_17_x86_64",
          "manylinux2014_x86_64");

  @Override
  public Optional<SetUpLibtorch> find() throws IOException {
    Path target = place.resolve("torch-" + TorchFolder.NEEDED);
    SetUpLibtorch found =
        new SetUpLibtorch(target.resolve("torch").resolve("lib"), "fetched by pip");
    if (TorchFolder.at(found.folder()).isPresent()) {
      messages.accept(found.folder() + ": fetched earlier");
      return Optional.of(found);
    }
    if (new OutsideProgram(python, "-m", "pip", "--version").run(line -> {}) != 0) {
      messages.accept(python + " has no pip, which would fetch torch");
      return Optional.empty();
    }
    Path wheels = Files.createDirectories(place.resolve("wheels"));
    needRoom(FolderTree.bytes(wheels));
    messages.accept(
        "fetching torch %s and CUDA's libraries by pip: about %s into %s, where %s stay"
            .formatted(TorchFolder.NEEDED, Numbers.bytes(FETCHED), place, Numbers.bytes(UNPACKED)));
    Optional<List<Wheel>> fetched = fetchAll(wheels);
    if (fetched.isEmpty()) {
      return Optional.empty();
    }
    Path part = place.resolve("torch.part");
    FolderTree.remove(part);
    for (Wheel wheel : fetched.get()) {
      wheel.unpack(part);
    }
    FolderTree.remove(target);
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    AtomicFiles.syncFolder(place);
    FolderTree.remove(wheels);
    return Optional.of(found);
  }

  private void needRoom(long there) throws IOException {
    OptionalLong free = DiskSpace.freeAt(place);
    long need = UNPACKED + FETCHED - Math.min(there, FETCHED);
    if (free.isPresent() && free.getAsLong() < need) {
      throw new OperationFailedException(
          "%s: to fetch torch %s needs %s, and %s are free; make room, or set POLYPHASE_HOME to a folder on another disk"
              .formatted(
                  place, TorchFolder.NEEDED, Numbers.bytes(need), Numbers.bytes(free.getAsLong())));
    }
  }

  /** Torch, and what it names; empty where one of them can't be fetched. */
  private Optional<List<Wheel>> fetchAll(Path wheels) throws IOException {
    Optional<Wheel> torch = fetch("torch==" + TorchFolder.NEEDED, wheels);
    if (torch.isEmpty()) {
      return Optional.empty();
    }
    List<Wheel> all = new ArrayList<>(List.of(torch.get()));
    for (String requirement : torch.get().requiredOfCuda()) {
      Optional<Wheel> wheel = fetch(requirement, wheels);
      if (wheel.isEmpty()) {
        return Optional.empty();
      }
      all.add(wheel.get());
    }
    return Optional.of(all);
  }

  private Optional<Wheel> fetch(String requirement, Path wheels) throws IOException {
    String name = requirement.replace('-', '_').replace("==", "-");
    Optional<Path> earlier = only(wheels, name + "-*.whl");
    if (earlier.isPresent()) {
      return earlier.map(Wheel::new);
    }
    Path arriving = place.resolve("arriving");
    FolderTree.remove(arriving);
    Files.createDirectories(arriving);
    List<String> log = new ArrayList<>();
    try {
      int code =
          new OutsideProgram(command(requirement, arriving), Map.of())
              // Beside it, for the system's folder of temporary files may be small.
              .with("TMPDIR", arriving.toString())
              .run(
                  line -> {
                    log.add(line.strip());
                    if (line.strip().startsWith("Downloading")) {
                      messages.accept("pip: " + line.strip());
                    }
                  });
      Optional<Path> arrived = only(arriving, name + "-*.whl");
      if (code == 0 && arrived.isPresent()) {
        Path kept = wheels.resolve(arriving.relativize(arrived.get()));
        Files.move(arrived.get(), kept, StandardCopyOption.ATOMIC_MOVE);
        return Optional.of(new Wheel(kept));
      }
    } finally {
      FolderTree.remove(arriving);
    }
    messages.accept("pip can't fetch %s: %s".formatted(requirement, reason(log)));
    return Optional.empty();
  }

  /** Nothing of it is run, so that it need not be for this Python; nothing is built either. */
  private List<String> command(String requirement, Path arriving) {
    List<String> command = new ArrayList<>(List.of(python, "-m", "pip", "download", "--no-input"));
    command.addAll(List.of("--disable-pip-version-check", "--no-cache-dir"));
    command.addAll(List.of("--progress-bar", "off", "--retries", "10", "--no-deps"));
    command.addAll(List.of("--only-binary", ":all:", "--implementation", "cp"));
    command.addAll(List.of("--python-version", "3.12"));
    PLATFORMS.forEach(platform -> command.addAll(List.of("--platform", platform)));
    command.addAll(List.of("--dest", arriving.toString(), requirement));
    return command;
  }

  private static Optional<Path> only(Path folder, String pattern) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
      for (Path file : found) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  private static String reason(List<String> log) {
    return log.stream()
        .filter(line -> line.startsWith("ERROR"))
        .reduce((before, last) -> last)
        .or(() -> log.stream().reduce((before, last) -> last))
        .orElse("it says nothing");
  }
}
