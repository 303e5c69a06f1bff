package dev.polyphase.orchestrator.libtorch;

import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.kernels.TorchFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The libtorch that DJL's makers offer for download, where there is no pip. DJL fetches it itself,
 * in a process that is told to.
 *
 * @param place the folder of ours
 * @param loading a command that lets DJL load libtorch, without the CPU's on its class path
 * @param messages gets what is fetched, and what goes wrong
 */
record DjlTorch(Path place, List<String> loading, Consumer<String> messages)
    implements LibtorchSource {

  @Override
  public Optional<SetUpLibtorch> find() throws IOException {
    Path cache = place.resolve("djl");
    messages.accept(
        "fetching libtorch %s for CUDA 12.8 by DJL into %s".formatted(TorchFolder.NEEDED, cache));
    List<String> lines = new ArrayList<>();
    // Where there is no GPU it is fetched but not loaded: the folder says what came of it.
    new OutsideProgram(loading, Map.of())
        .with("DJL_CACHE_DIR", cache.toString())
        .with("PYTORCH_VERSION", TorchFolder.NEEDED)
        .with("PYTORCH_FLAVOR", "cu128")
        .with("PYTORCH_LIBRARY_PATH", "")
        .run(lines::add);
    Path folder =
        cache
            .resolve("pytorch")
            .resolve(TorchFolder.NEEDED + "-cu128-linux-x86_64")
            .toAbsolutePath();
    if (TorchFolder.at(folder).filter(TorchFolder::hasCuda).isPresent()) {
      return Optional.of(new SetUpLibtorch(folder, "fetched by DJL"));
    }
    messages.accept("DJL can't fetch libtorch " + TorchFolder.NEEDED + " for CUDA either");
    return Optional.empty();
  }
}
