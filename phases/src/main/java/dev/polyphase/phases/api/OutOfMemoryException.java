package dev.polyphase.phases.api;

/** The device, or on the CPU the machine, did not have the memory that training asked it for. */
public final class OutOfMemoryException extends RuntimeException {

  /** With the failure of the library that asked. */
  public OutOfMemoryException(Throwable cause) {
    super("out of memory", cause);
  }
}
