package dev.polyphase.trl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Optional;

/**
 * How a job ended, by its own account.
 *
 * @param step the optimiser steps taken; of a failure those before the step that failed
 * @param sentence what people should know of it
 */
record Outcome(Kind kind, long step, String sentence) {
  private static final JsonMapper JSON = new JsonMapper();

  /** The ways to end. */
  enum Kind {
    /** All steps are taken, and the trained tensors are there. */
    FINISHED,
    /** Someone asked for it; a checkpoint of the step is there, unless it is 0. */
    STOPPED,
    /** The training itself can't go on. */
    FAILED,
    /** A device or a machine did not have the memory. */
    OOM,
    /** The job can't be done as it is. */
    BAD_INPUT
  }

  /**
   * What {@code outcome.json} says; empty where there is none, or where it is another job's.
   *
   * @param digest the job's
   */
  static Optional<Outcome> read(EngineFolder folder, String digest) throws IOException {
    JsonNode said;
    try {
      said = JSON.readTree(Files.readAllBytes(folder.outcome()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (JsonProcessingException e) {
      throw new IOException(folder.outcome() + " is no JSON; remove it and run again", e);
    }
    if (!said.path("digest").asText().equals(digest)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Outcome(
              Kind.valueOf(said.path("outcome").asText().toUpperCase(Locale.ROOT)),
              said.path("step").asLong(),
              PlainText.of(said.path("sentence").asText())));
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "%s says %s, which is no outcome; remove it and run again"
              .formatted(folder.outcome(), said.path("outcome")),
          e);
    }
  }
}
