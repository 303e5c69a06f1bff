package dev.polyphase.orchestrator.engine;

/** A GPU had no memory left for a phase, as where another program uses it. */
public final class DeviceFullException extends RuntimeException {

  /** With the failure of whoever asked for memory. */
  DeviceFullException(String device, Throwable cause) {
    super(device + " has no memory left", cause);
  }
}
