package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  /** Writes a model whole or not at all. */
  private interface Making {
    void into(Path target) throws IOException;
  }

  private StartingModel(Path checked, @Nullable Making making, List<TemporaryFolder> outlines) {
    this.checked = checked;
    this.making = making;
    this.outlines = outlines;
  }

  /** A checkpoint that is there. */
  static StartingModel at(Path checkpoint) {
    return new StartingModel(checkpoint, null, List.of());
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
    Path base;
    if (pipeline.baseModel() instanceof BaseModel.Random random) {
      base = outline(outlines);
      maker.outline(
          request.folder().resolve(random.config()),
          request.folder().resolve(random.tokenizer()),
          base);
    } else {
      base =
          models.resolve(((BaseModel.Existing) pipeline.baseModel()).location(), request.folder());
    }
    Path whole = base;
    Making making = null;
    if (!pipeline.vocabulary().isAsItWas()) {
      ExtendedBase extended = ExtendedBase.of(base, pipeline.vocabulary());
      if (!extended.changesNothing()) {
        whole = outline(outlines);
        extended.outline(whole);
        making = extended::write;
      }
    }
    if (pipeline.baseModel() instanceof BaseModel.Random) {
      // New rows are drawn as all others are.
      Path drawn = whole;
      making = target -> maker.create(drawn, target, pipeline.seed());
    }
    return new StartingModel(whole, making, outlines);
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

  /** The folder with the weights, where they are there and stay; empty where they are made anew. */
  Optional<Path> weightsThatStay(RunRequest request) throws IOException {
    if (making == null) {
      return Optional.of(checked);
    }
    String first = request.pipeline().phases().get(0).name();
    Path made = request.run().newModel();
    return request.run().phase(0, first).newestCheckpoint().isPresent() && Files.isDirectory(made)
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
