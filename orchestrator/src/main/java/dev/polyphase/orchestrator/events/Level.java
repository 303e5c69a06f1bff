package dev.polyphase.orchestrator.events;

import java.util.Locale;

/** How much an event asks for attention. */
public enum Level {
  /** The run goes as it should. */
  INFO,
  /** The run goes on, and someone should look at what it says. */
  WARN,
  /** The run ended by it. */
  ERROR;

  /** As the log writes it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
