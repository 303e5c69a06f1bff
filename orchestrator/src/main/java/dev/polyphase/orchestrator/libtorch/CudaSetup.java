package dev.polyphase.orchestrator.libtorch;

import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Sets up a libtorch for CUDA: the first of its sources that has one which works, loaded and tried,
 * is kept for the commands that follow.
 */
public final class CudaSetup {
  private final Path home;
  private final List<LibtorchSource> sources;
  private final LibtorchTrial trial;
  private final Consumer<String> messages;

  /**
   * One that asks a Python, then its pip, then DJL.
   *
   * @param home {@code POLYPHASE_HOME}
   * @param python the Python to ask
   * @param fetch whether to pass over what the Python has, and fetch one
   * @param djlLoading a command that lets DJL load libtorch, without the CPU's on its class path
   * @param messages gets what is found on the way
   */
  public static CudaSetup of(
      Path home,
      String python,
      boolean fetch,
      List<String> djlLoading,
      LibtorchTrial trial,
      Consumer<String> messages) {
    Path place = SetUpLibtorch.place(home.toAbsolutePath());
    List<LibtorchSource> sources = new ArrayList<>();
    if (!fetch) {
      sources.add(new PythonTorch(python, messages));
    }
    sources.add(new PipTorch(python, place, messages));
    sources.add(new DjlTorch(place, djlLoading, messages));
    return new CudaSetup(home, sources, trial, messages);
  }

  CudaSetup(
      Path home, List<LibtorchSource> sources, LibtorchTrial trial, Consumer<String> messages) {
    this.home = home;
    this.sources = List.copyOf(sources);
    this.trial = trial;
    this.messages = messages;
  }

  /**
   * What was set up.
   *
   * @param libtorch where it is
   * @param outcome how it did
   */
  public record Done(SetUpLibtorch libtorch, LibtorchTrial.Outcome outcome) {}

  /**
   * Finds or fetches one, and keeps it; one process at a time does.
   *
   * @throws OperationFailedException where no source has one that works
   */
  public Done run() throws IOException {
    Path place = Files.createDirectories(SetUpLibtorch.place(home));
    try (FileChannel channel =
            FileChannel.open(
                place.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = taken(channel)) {
      for (LibtorchSource source : sources) {
        Optional<SetUpLibtorch> found = source.find();
        if (found.isPresent()) {
          LibtorchTrial.Outcome outcome = trial.of(found.get().folder());
          if (outcome.works() && lock.isValid()) {
            found.get().write(home);
            return new Done(found.get(), outcome);
          }
          outcome
              .findings()
              .forEach(
                  finding ->
                      messages.accept(
                          "%s: %s: %s"
                              .formatted(found.get().folder(), finding.name(), finding.found())));
        }
      }
    }
    throw new OperationFailedException(
        "no libtorch for CUDA was found or could be fetched, as said above; install torch==2.7.1"
            + " where python3 finds it and run this again, or let POLYPHASE_LIBTORCH name a folder"
            + " that holds one");
  }

  private FileLock taken(FileChannel channel) throws IOException {
    FileLock lock = channel.tryLock();
    if (lock != null) {
      return lock;
    }
    messages.accept("another process sets up libtorch; waiting for it");
    return channel.lock();
  }
}
