package dev.polyphase.orchestrator.libtorch;

import static java.util.Objects.requireNonNull;

import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.kernels.TorchFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The PyTorch that a Python has. It is found without being imported, which would take seconds and
 * could fail.
 *
 * @param python the program
 * @param messages gets why there is none
 */
record PythonTorch(String python, Consumer<String> messages) implements LibtorchSource {

  @Override
  public Optional<SetUpLibtorch> find() throws IOException {
    List<String> lines = new ArrayList<>();
    int code = new OutsideProgram(python, "-c", script()).run(lines::add);
    if (code != 0) {
      messages.accept(
          code == OutsideProgram.NOT_THERE
              ? python + " is not there; POLYPHASE_PYTHON names another Python"
              : python + " can't say whether it has torch: " + last(lines));
      return Optional.empty();
    }
    if (lines.isEmpty()) {
      messages.accept(python + " has no torch");
      return Optional.empty();
    }
    Path folder;
    try {
      folder = Path.of(last(lines));
    } catch (InvalidPathException e) {
      messages.accept(python + " names no folder of torch: " + last(lines));
      return Optional.empty();
    }
    Optional<TorchFolder> torch = TorchFolder.at(folder);
    Optional<String> problem = torch.map(PythonTorch::problem).orElse(Optional.of("it holds none"));
    if (problem.isPresent()) {
      messages.accept("%s: %s's torch is passed over, %s".formatted(folder, python, problem.get()));
      return Optional.empty();
    }
    return Optional.of(new SetUpLibtorch(folder, "the torch of " + python));
  }

  /** Why a torch is of no use for CUDA; empty where it is. */
  private static Optional<String> problem(TorchFolder torch) {
    if (torch.problem().isPresent()) {
      return torch.problem();
    }
    if (!torch.hasCuda()) {
      return Optional.of("it is built for the CPU");
    }
    return torch.cuda().isEmpty() || torch.cuda().startsWith("12.")
        ? Optional.empty()
        : Optional.of("it is built for CUDA " + torch.cuda() + ", and 12 is needed");
  }

  private static String script() throws IOException {
    try (InputStream in = PythonTorch.class.getResourceAsStream("find_torch.py")) {
      return new String(requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String last(List<String> lines) {
    return lines.isEmpty() ? "it says nothing" : lines.get(lines.size() - 1);
  }
}
