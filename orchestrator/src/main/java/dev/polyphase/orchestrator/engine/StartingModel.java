package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint that a run starts from. One with random weights is only outlined at first, in a
 * folder of its own, so that it can be checked before the run writes anything.
 */
final class StartingModel implements AutoCloseable {
  private final Path checked;
  private final @Nullable ModelMaker maker;
  private final @Nullable TemporaryFolder outline;

  private StartingModel(
      Path checked, @Nullable ModelMaker maker, @Nullable TemporaryFolder outline) {
    this.checked = checked;
    this.maker = maker;
    this.outline = outline;
  }

  /** A checkpoint that is there. */
  static StartingModel at(Path checkpoint) {
    return new StartingModel(checkpoint, null, null);
  }

  /** The pipeline's base model: found, or outlined where it is new. */
  static StartingModel of(RunRequest request, ModelFolders models, ModelMaker maker)
      throws IOException {
    BaseModel base = request.pipeline().baseModel();
    if (base instanceof BaseModel.Existing existing) {
      return at(models.resolve(existing.location(), request.folder()));
    }
    BaseModel.Random random = (BaseModel.Random) base;
    TemporaryFolder outline = TemporaryFolder.create("outline");
    StartingModel outlined = new StartingModel(outline.path(), maker, outline);
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

  /** The folder with the weights, where they are there and stay; empty where they are made anew. */
  Optional<Path> weightsThatStay(RunRequest request) throws IOException {
    if (maker == null) {
      return Optional.of(checked);
    }
    String first = request.pipeline().phases().get(0).name();
    Path made = request.run().newModel();
    return request.run().phase(0, first).newestCheckpoint().isPresent() && Files.isDirectory(made)
        ? Optional.of(made)
        : Optional.empty();
  }

  /**
   * The folder with the weights. A new model is made in the run's folder, anew where no phase has
   * been trained from it yet, nor goes on with it: its configuration and its seed may have changed
   * since it was made.
   */
  Path weights(RunRequest request) throws IOException {
    Optional<Path> there = weightsThatStay(request);
    if (there.isPresent() || maker == null) {
      return there.orElse(checked);
    }
    Path made = request.run().newModel();
    FolderTree.remove(made);
    maker.create(checked, made, request.pipeline().seed());
    return made;
  }

  @Override
  public void close() throws IOException {
    if (outline != null) {
      outline.close();
    }
  }
}
