package dev.polyphase.orchestrator.queue;

import java.nio.file.Path;

/**
 * What a run of the queue and its process tell each other by, in {@code POLYPHASE_HOME/queue/N}.
 *
 * @param path the folder
 */
record ChildFolder(Path path) {

  ChildFolder(Path home, long number) {
    this(home.resolve("queue").resolve(Long.toString(number)));
  }

  /** The pipeline as it was submitted. */
  Path pipeline() {
    return path.resolve("pipeline.yaml");
  }

  /** What the process says of its end. */
  Path outcome() {
    return path.resolve("outcome.json");
  }

  /** What the processes of all attempts wrote to the terminal. */
  Path console() {
    return path.resolve("console.log");
  }
}
