package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint that a run starts from. One that the run has to make, with random weights or with
 * tokens that its base lacks, is only outlined at first, in a folder of its own, so that it can be
 * checked before the run writes anything.
 */
final class StartingModel implements AutoCloseable {
  private final Path checked;
  private final @Nullable Making making;
  private final List<TemporaryFolder> outlines;
  private final Optional<ExtendedBase> extended;
  private final Map<Path, Path> named;

  /** Writes a model whole or not at all. */
  private interface Making {
    void into(Path target) throws IOException;
  }

  /**
   * A model.
   *
   * @param checked the folder to check
   * @param making makes it; null where it is there
   * @param outlines the folders that go with it
   * @param extended what is added to its vocabulary
   * @param named of files and folders in outlines, those that the user knows
   */
  private StartingModel(
      Path checked,
      @Nullable Making making,
      List<TemporaryFolder> outlines,
      Optional<ExtendedBase> extended,
      Map<Path, Path> named) {
    this.checked = checked;
    this.making = making;
    this.outlines = outlines;
    this.extended = extended;
    this.named = named;
  }

  /** A checkpoint that is there. */
  static StartingModel at(Path checkpoint) {
    return new StartingModel(checkpoint, null, List.of(), Optional.empty(), Map.of());
  }

  /** The pipeline's base model: found, or outlined where it is to be made. */
  static StartingModel of(RunRequest request, ModelFolders models, ModelMaker maker)
      throws IOException {
    List<TemporaryFolder> outlines = new ArrayList<>();
    try {
      return of(request, models, maker, outlines);
    } catch (IOException | RuntimeException e) {
      close(outlines);
      throw e;
    }
  }

  private static StartingModel of(
      RunRequest request, ModelFolders models, ModelMaker maker, List<TemporaryFolder> outlines)
      throws IOException {
    Pipeline pipeline = request.pipeline();
    Map<Path, Path> named = new LinkedHashMap<>();
    Path base;
    if (pipeline.baseModel() instanceof BaseModel.Random random) {
      base = outline(outlines);
      Path config = request.folder().resolve(random.config());
      Path tokenizer = request.folder().resolve(random.tokenizer());
      maker.outline(config, tokenizer, base);
      named.put(base.resolve("config.json"), config);
      named.put(base, tokenizer);
    } else {
      base =
          models.resolve(((BaseModel.Existing) pipeline.baseModel()).location(), request.folder());
    }
    Path whole = base;
    Making making = null;
    Optional<ExtendedBase> extended = Optional.empty();
    if (!pipeline.vocabulary().isAsItWas()) {
      ExtendedBase more = extended(base, pipeline.vocabulary(), named);
      if (!more.changesNothing()) {
        whole = outline(outlines);
        more.outline(whole);
        making = more::write;
        extended = Optional.of(more);
        named.put(whole, named.getOrDefault(base, base));
      }
    }
    if (pipeline.baseModel() instanceof BaseModel.Random) {
      // New rows are drawn as all others are.
      Path drawn = whole;
      making = target -> maker.create(drawn, target, pipeline.seed());
    }
    return new StartingModel(whole, making, outlines, extended, named);
  }

  private static ExtendedBase extended(Path base, Vocabulary wanted, Map<Path, Path> named)
      throws IOException {
    try {
      return ExtendedBase.of(base, wanted);
    } catch (InputException e) {
      throw asNamed(e, named);
    }
  }

  private static Path outline(List<TemporaryFolder> outlines) throws IOException {
    TemporaryFolder outline = TemporaryFolder.create("outline");
    outlines.add(outline);
    return outline.path();
  }

  /** The folder to check: names, shapes, configuration and tokenizer are right. */
  Path checked() {
    return checked;
  }

  /** What is wrong with it, with the files that it was outlined from for those of its outline. */
  InputException asNamed(InputException wrong) {
    return asNamed(wrong, named);
  }

  private static InputException asNamed(InputException wrong, Map<Path, Path> named) {
    if (named.isEmpty()) {
      return wrong;
    }
    InputException renamed =
        new InputException(
            wrong.problems().stream()
                .map(
                    problem ->
                        new Problem(place(problem.place(), named), text(problem.sentence(), named)))
                .toList());
    renamed.initCause(wrong);
    return renamed;
  }

  private static @Nullable Place place(@Nullable Place place, Map<Path, Path> named) {
    return place == null
        ? null
        : new Place(text(place.file(), named), place.line(), place.column());
  }

  private static String text(String text, Map<Path, Path> named) {
    String renamed = text;
    for (Map.Entry<Path, Path> file : named.entrySet()) {
      renamed = renamed.replace(file.getKey().toString(), file.getValue().toString());
    }
    return renamed;
  }

  /**
   * What is to be said of it before the first phase.
   *
   * @param phases all that start from it, one after the other
   */
  List<String> warnings(List<PlannedPhase> phases) throws IOException {
    return extended.isPresent() ? extended.get().untrained(phases).stream().toList() : List.of();
  }

  /** The folder with the weights, where they are there and stay; empty where they are made anew. */
  Optional<Path> weightsThatStay(RunRequest request) throws IOException {
    if (making == null) {
      return Optional.of(checked);
    }
    String first = request.pipeline().phases().get(0).name();
    Path made = request.run().newModel();
    return request.run().phase(0, first).goesOn() && Files.isDirectory(made)
        ? Optional.of(made)
        : Optional.empty();
  }

  /**
   * The folder with the weights. A model that is not there is made in the run's folder, anew where
   * no phase has been trained from it yet, nor goes on with it: what it is made from and its seed
   * may have changed since it was made.
   */
  Path weights(RunRequest request) throws IOException {
    Optional<Path> there = weightsThatStay(request);
    if (there.isPresent() || making == null) {
      return there.orElse(checked);
    }
    Path made = request.run().newModel();
    FolderTree.remove(made);
    making.into(made);
    return made;
  }

  @Override
  public void close() throws IOException {
    close(outlines);
  }

  private static void close(List<TemporaryFolder> outlines) throws IOException {
    for (TemporaryFolder outline : outlines) {
      outline.close();
    }
  }
}
