package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.pipelines.BaseModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint that a run starts from. One with random weights is only outlined at first, in a
 * folder of its own, so that it can be checked before the run writes anything.
 */
final class StartingModel implements AutoCloseable {
  private final Path checked;
  private final @Nullable ModelMaker maker;

  private StartingModel(Path checked, @Nullable ModelMaker maker) {
    this.checked = checked;
    this.maker = maker;
  }

  /** A checkpoint that is there. */
  static StartingModel at(Path checkpoint) {
    return new StartingModel(checkpoint, null);
  }

  /** The pipeline's base model: found, or outlined where it is new. */
  static StartingModel of(RunRequest request, ModelFolders models, ModelMaker maker)
      throws IOException {
    BaseModel base = request.pipeline().baseModel();
    if (base instanceof BaseModel.Existing existing) {
      return at(models.resolve(existing.location(), request.folder()));
    }
    BaseModel.Random random = (BaseModel.Random) base;
    StartingModel outlined =
        new StartingModel(Files.createTempDirectory("polyphase-outline-"), maker);
    try {
      maker.outline(
          request.folder().resolve(random.config()),
          request.folder().resolve(random.tokenizer()),
          outlined.checked);
      return outlined;
    } catch (IOException | RuntimeException e) {
      outlined.close();
      throw e;
    }
  }

  /** The folder to check: names, shapes, configuration and tokenizer are right. */
  Path checked() {
    return checked;
  }

  /** The folder with the weights; a new model is made in the run's folder, once. */
  Path weights(RunRequest request) throws IOException {
    if (maker == null) {
      return checked;
    }
    Path made = request.run().newModel();
    if (!Files.exists(made)) {
      maker.create(checked, made, request.pipeline().seed());
    }
    return made;
  }

  @Override
  public void close() throws IOException {
    if (maker == null) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(checked)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.delete(file);
    }
  }
}
