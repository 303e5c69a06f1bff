package dev.polyphase.orchestrator.cli;

import dev.polyphase.rescanner.SingularValues;
import java.util.function.Consumer;

/** Opens what a scan computes with. */
@FunctionalInterface
interface ScanComputation {

  /**
   * Opens it.
   *
   * @param device as in a pipeline
   * @param orCpu whether the CPU may be taken in its place, where that is faster
   * @param notes is told on the scanning thread what was measured and chosen
   */
  SingularValues open(String device, boolean orCpu, Consumer<String> notes);
}
