package dev.polyphase.kernels;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Which libtorch a process loads, and why: the CPU's that comes with Polyphase, or another.
 *
 * @param other the other; empty for Polyphase's own
 * @param reason why, as the end of a sentence about the library
 */
record LibtorchChoice(Optional<TorchFolder> other, String reason) {
  /** Chooses: {@code auto}, {@code cpu}, {@code cuda}, or a folder. */
  static final String SETTING = "POLYPHASE_LIBTORCH";

  private static final String SETUP = "polyphase setup cuda finds or fetches one";

  /**
   * What the environment and what was set up come to.
   *
   * @param home {@code POLYPHASE_HOME}
   * @param gpu whether the machine has a GPU
   * @throws InputException where a libtorch is asked for that is not there or does not fit
   */
  static LibtorchChoice of(Map<String, String> environment, Path home, boolean gpu)
      throws IOException {
    String asked = environment.getOrDefault(SETTING, "");
    return switch (asked) {
      case "", "auto" -> auto(home, gpu);
      case "cpu" -> own("as " + SETTING + " says cpu");
      case "cuda" -> cuda(home);
      default -> at(asked);
    };
  }

  private static LibtorchChoice auto(Path home, boolean gpu) throws IOException {
    Optional<SetUpLibtorch> setUp = SetUpLibtorch.read(home);
    if (!gpu) {
      return own(
          setUp.isPresent()
              ? "as there is no GPU here for the one that is set up"
              : "as none for CUDA is set up");
    }
    if (setUp.isEmpty()) {
      return own("although there is a GPU; " + SETUP + " for it");
    }
    Optional<TorchFolder> found = sound(setUp.get());
    return found.isPresent()
        ? new LibtorchChoice(found, "as it is set up (" + setUp.get().origin() + ")")
        : own(
            "although there is a GPU: the one that was set up is no more in "
                + setUp.get().folder()
                + "; "
                + SETUP);
  }

  private static LibtorchChoice cuda(Path home) throws IOException {
    SetUpLibtorch setUp =
        SetUpLibtorch.read(home)
            .orElseThrow(
                () ->
                    new InputException(
                        "%s says cuda, and no libtorch for CUDA is set up; %s, or set %s=cpu"
                            .formatted(SETTING, SETUP, SETTING)));
    TorchFolder found =
        sound(setUp)
            .orElseThrow(
                () ->
                    new InputException(
                        Place.in(setUp.folder().toString()),
                        "%s says cuda, and the libtorch that was set up is no more here; %s"
                            .formatted(SETTING, SETUP)));
    return new LibtorchChoice(Optional.of(found), "as " + SETTING + " says cuda");
  }

  private static Optional<TorchFolder> sound(SetUpLibtorch setUp) throws IOException {
    return TorchFolder.at(setUp.folder()).filter(folder -> folder.problem().isEmpty());
  }

  private static LibtorchChoice at(String asked) throws IOException {
    Optional<TorchFolder> found;
    try {
      found = TorchFolder.at(Path.of(asked).toAbsolutePath().normalize());
    } catch (InvalidPathException e) {
      found = Optional.empty();
    }
    TorchFolder folder =
        found.orElseThrow(
            () ->
                new InputException(
                    "%s is '%s', which is none of auto, cpu and cuda, and no folder that holds %s; give one of these"
                        .formatted(SETTING, asked, System.mapLibraryName("torch"))));
    folder
        .problem()
        .ifPresent(
            problem -> {
              throw new InputException(
                  Place.in(folder.path().toString()),
                  problem + "; let " + SETTING + " name another folder");
            });
    return new LibtorchChoice(Optional.of(folder), "as " + SETTING + " says");
  }

  private static LibtorchChoice own(String reason) {
    return new LibtorchChoice(Optional.empty(), reason);
  }

  /** This as a sentence without its full stop. */
  String sentence() {
    return other
            .map(folder -> "the library is PyTorch's " + folder.description())
            .orElse("the library is Polyphase's own for the CPU")
        + ", "
        + reason;
  }
}
