package dev.polyphase.phases.api;

/**
 * What a phase is computed with.
 *
 * @param library the library and its version, as {@code libtorch 2.7.1}
 * @param device {@code cpu} or {@code cuda:N}; several as {@code cuda:0, cuda:1}
 * @param dtype of the frozen weights and the compute, as a pipeline spells it
 * @param reason why this library and this device, in words
 */
public record Compute(String library, String device, String dtype, String reason) {

  /** Whether memory is a GPU's. */
  public boolean onGpu() {
    return device.startsWith("cuda");
  }

  /** All of it in one line. */
  public String sentence() {
    return library + " on " + device + " in " + dtype + ": " + reason;
  }
}
