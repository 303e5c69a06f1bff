package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/** Reads and writes {@code run.json}. */
public final class RunStore {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private RunStore() {}

  /**
   * The state of the run in a folder, or empty where there is none.
   *
   * @throws InputException if it can't be understood
   */
  public static Optional<RunState> read(RunFolder run) throws IOException {
    Path file = run.runJson();
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      RunState state = MAPPER.readValue(Files.readString(file), RunState.class);
      Instant.parse(state.started());
      return Optional.of(state);
    } catch (JsonProcessingException
        | CharacterCodingException
        | NullPointerException
        | DateTimeException e) {
      throw new InputException(
          Place.in(file.toString()),
          "this is not the state of a run as this version writes it; start anew with --fresh");
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  /** Writes the state, whole or not at all. */
  public static void write(RunFolder run, RunState state) throws IOException {
    AtomicFiles.writeString(run.runJson(), MAPPER.writeValueAsString(state) + "\n");
  }
}
