package dev.polyphase.orchestrator.libtorch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Loads a libtorch in a process of its own, which it may take down, and multiplies with it. */
@FunctionalInterface
public interface LibtorchTrial {

  /** Tries the libraries of a folder. */
  Outcome of(Path folder) throws IOException;

  /**
   * What was found.
   *
   * @param works whether it could be loaded and computes right
   * @param gpus whether it can use a GPU
   * @param findings what was looked at, in words
   */
  record Outcome(boolean works, boolean gpus, List<Finding> findings) {}

  /**
   * One thing that was looked at.
   *
   * @param name what it is
   * @param found how it is
   */
  record Finding(String name, String found) {}
}
