package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.TrainingEngine;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A pipeline file.
 *
 * @param defaults read for their problems: what they hold has come to the phases already
 * @param engine likewise
 */
record PipelineFile(
    @Key(
            means =
                "any key of a phase but its name and type, for all phases: mappings merge deeply,"
                    + " lists and scalars replace, `null` takes back")
        Optional<PhaseDefaults> defaults,
    @Key(
            means =
                "what trains each phase that says nothing else: inherited as `defaults.engine` is,"
                    + " beside which it is refused; the trainer that is built in where it stays"
                    + " away")
        Optional<EngineDefaults> engine,
    Pipeline pipeline) {

  static final Shape<PipelineFile> SHAPE = Shape.of(PipelineFile.class);

  /** All keys of the language, those of mappings too. */
  static Stream<DeclaredKey<?>> allKeys() {
    return below(SHAPE.keys());
  }

  private static Stream<DeclaredKey<?>> below(List<DeclaredKey<?>> keys) {
    return keys.stream()
        .flatMap(
            key ->
                Stream.concat(
                    Stream.of(key),
                    key.forms().stream().flatMap(form -> below(Form.keysIn(form)))));
  }

  /** What {@code defaults} holds; what it lacks is made up. */
  record PhaseDefaults(Phase phase) {}

  /** What {@code engine} holds; what it lacks is made up. */
  record EngineDefaults(TrainingEngine engine) {}

  /** {@code base_model} as a mapping. */
  record NewModel(@Key(means = "`random`") Init init, BaseModel.Random model) {
    /** How the weights of a new model begin. */
    enum Init {
      RANDOM
    }
  }
}
