package dev.polyphase.phases.preparation;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The model that a phase names as its reference by a folder. */
public final class ReferenceModel {
  private ReferenceModel() {}

  /**
   * What such a model comes to; empty where the reference is the phase's own model, or there is
   * none.
   *
   * @param own the phase's own model
   * @throws InputException where it can't be read, or its vocabulary is another
   */
  public static Optional<ModelParts> of(PhaseRequest request, ModelConfig own) throws IOException {
    Optional<Reference> reference = request.phase().reference();
    if (reference.isEmpty() || !(reference.get() instanceof Reference.Checkpoint other)) {
      return Optional.empty();
    }
    String key =
        request.path(request.phase().type().name().toLowerCase(Locale.ROOT) + ".reference");
    Path folder = request.folder().resolve(other.path());
    try {
      Checkpoint checkpoint = Checkpoint.open(folder);
      ModelLayout layout = new ModelLayout(ConfigReader.read(checkpoint));
      layout.check(checkpoint);
      requireVocabulary(layout.config(), own, folder);
      return Optional.of(ModelParts.untrained(layout, checkpoint));
    } catch (InputException e) {
      throw new InputException(of(key, e.problems()));
    }
  }

  private static void requireVocabulary(ModelConfig other, ModelConfig own, Path folder) {
    if (other.vocabSize() != own.vocabSize()) {
      throw new InputException(
          Place.in(folder.toString()),
          "this model has %,d tokens and the phase's own has %,d, but both must read the same rows; name a model of the same vocabulary"
              .formatted(other.vocabSize(), own.vocabSize()));
    }
  }

  /** The same problems, with the key of the setting that led to them. */
  private static List<Problem> of(String key, List<Problem> problems) {
    return problems.stream()
        .map(problem -> new Problem(problem.place(), key + ": " + problem.sentence()))
        .toList();
  }
}
