package dev.polyphase.phases.api;

import java.io.IOException;
import java.util.OptionalLong;

/** Tells how much memory a device has left. */
@FunctionalInterface
public interface FreeMemory {

  /**
   * The memory that can be had now, in bytes; empty where that is not known.
   *
   * @param device {@code cpu} or {@code cuda:N}
   */
  OptionalLong of(String device) throws IOException;
}
