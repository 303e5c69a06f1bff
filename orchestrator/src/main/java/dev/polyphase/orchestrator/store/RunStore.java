package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads and writes {@code run.json}. */
public final class RunStore {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private static final Pattern NAME =
      Pattern.compile("(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  private static final String REMEDY =
      "; the file was changed by hand: put it back, or start anew with --fresh";

  private RunStore() {}

  /**
   * The state of the run in a folder, or empty where there is none.
   *
   * @throws InputException if it can't be understood
   */
  public static Optional<RunState> read(RunFolder run) throws IOException {
    Path file = run.runJson();
    if (!InputFile.isThere(file)) {
      return Optional.empty();
    }
    try {
      RunState state =
          MAPPER.readValue(
              new String(InputFile.readAllBytes(file), StandardCharsets.UTF_8), RunState.class);
      requireOwnFolders(file, state);
      return Optional.of(state);
    } catch (JsonProcessingException | NullPointerException e) {
      throw new InputException(
          Place.in(file.toString()),
          "this is not the state of a run as this version writes it; start anew with --fresh");
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  /** Folders of phases are removed: they are those that a pipeline makes, and no others. */
  private static void requireOwnFolders(Path file, RunState state) {
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < state.phases().size(); i++) {
      PhaseState phase = state.phases().get(i);
      String key = "phases[" + i + "].";
      if (!NAME.matcher(phase.name()).matches()) {
        problems.add(
            new Problem(
                Place.in(file.toString()),
                key
                    + "name is "
                    + MAPPER.valueToTree(phase.name())
                    + ", which no phase can have"
                    + REMEDY));
        continue;
      }
      String own = RunFolder.phaseFolderName(i, phase.name());
      if (!own.equals(phase.folder())) {
        problems.add(
            new Problem(
                Place.in(file.toString()),
                key
                    + "folder is "
                    + MAPPER.valueToTree(phase.folder())
                    + ", but the folder of this phase is \""
                    + own
                    + "\""
                    + REMEDY));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  /** Writes the state, whole or not at all. */
  public static void write(RunFolder run, RunState state) throws IOException {
    write(run.runJson(), state);
  }

  /** Writes a record as {@code run.json} has them. */
  static void write(Path file, Object record) throws IOException {
    AtomicFiles.writeString(file, MAPPER.writeValueAsString(record) + "\n");
  }

  /**
   * A record that {@link #write} wrote; empty where a file is not there or holds something else.
   */
  static <T> Optional<T> readIfSound(Path file, Class<T> type) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(MAPPER.readValue(Files.readAllBytes(file), type));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }
}
