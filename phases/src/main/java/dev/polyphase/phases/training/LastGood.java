package dev.polyphase.phases.training;

import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The model as it was before a step that looks bad, as a checkpoint of its own: it is there once a
 * phase has failed, and while a phase's losses are under suspicion.
 */
final class LastGood {
  private final Path folder;
  private final TrainedCheckpoint checkpoint;
  private boolean kept;

  /**
   * Nothing kept yet.
   *
   * @param folder does not exist
   * @param checkpoint the model in its present state, whenever it is written
   */
  LastGood(Path folder, TrainedCheckpoint checkpoint) {
    this.folder = folder;
    this.checkpoint = checkpoint;
  }

  Path folder() {
    return folder;
  }

  /** Writes the model as it is, unless an earlier state is kept. */
  void keep() throws IOException {
    if (!kept) {
      checkpoint.write(folder);
      kept = true;
    }
  }

  /** Removes what is kept: the phase goes on. */
  void drop() throws IOException {
    FolderTree.remove(folder);
    kept = false;
  }
}
