package dev.polyphase.orchestrator.libtorch;

import dev.polyphase.kernels.SetUpLibtorch;
import java.io.IOException;
import java.util.Optional;

/** A place that a libtorch for CUDA may come from. */
interface LibtorchSource {

  /** One from there, found or fetched; empty where there is none, which it has then said why. */
  Optional<SetUpLibtorch> find() throws IOException;
}
