package dev.polyphase.phases.api;

import org.jspecify.annotations.Nullable;

/**
 * What a phase is computed with. Device and dtype are null where only the engine that trains it
 * knows them.
 *
 * @param library the library and its version, as {@code libtorch 2.7.1}
 * @param device {@code cpu} or {@code cuda:N}; several as {@code cuda:0, cuda:1}
 * @param dtype of the frozen weights and the compute, as a pipeline spells it
 * @param reason why this library and this device, in words
 */
public record Compute(
    String library, @Nullable String device, @Nullable String dtype, String reason) {

  /** Whether memory is a GPU's. */
  public boolean onGpu() {
    return device != null && device.startsWith("cuda");
  }

  /** All of it in one line. */
  public String sentence() {
    return library
        + (device == null ? "" : " on " + device)
        + (dtype == null ? "" : " in " + dtype)
        + ": "
        + reason;
  }
}
