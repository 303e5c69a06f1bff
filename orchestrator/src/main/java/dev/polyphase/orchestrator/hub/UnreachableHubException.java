package dev.polyphase.orchestrator.hub;

import java.io.IOException;

/** There is no way to the hub from here; the message is a sentence without what to do. */
final class UnreachableHubException extends IOException {
  UnreachableHubException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
