package dev.polyphase.phases.training;

import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * The model as it was before a step that looks bad, as a model of its own for people to look at: it
 * is there once a phase has failed, and while a phase's losses are under suspicion. The same state
 * is a checkpoint, so that the next attempt goes on from there.
 */
final class LastGood {
  private final Path folder;
  private final TrainedCheckpoint model;
  private long keptStep = -1;
  private long earlierStep = -1;

  /**
   * Nothing kept yet.
   *
   * @param folder where to keep it; one of an earlier attempt is renamed
   * @param model the model in its present state, whenever it is written
   */
  LastGood(Path folder, TrainedCheckpoint model) {
    this.folder = folder;
    this.model = model;
  }

  Path folder() {
    return folder;
  }

  /** The step whose state is kept; -1 for none. */
  long keptStep() {
    return keptStep;
  }

  /** Writes the model as it is after a step, unless an earlier state is kept. */
  void keep(long step) throws IOException {
    if (keptStep < 0) {
      if (step != earlierStep) {
        renameEarlier();
        model.write(folder);
      }
      keptStep = step;
    }
  }

  /** Removes what is kept: the phase goes on. */
  void drop() throws IOException {
    if (keptStep >= 0) {
      FolderTree.remove(folder);
      keptStep = -1;
    }
  }

  /**
   * An earlier attempt failed after this step, from which the phase goes on: it is kept already.
   */
  void isThere(long step) {
    earlierStep = Files.isDirectory(folder) ? step : -1;
  }

  /** What an earlier attempt at the phase kept, where that was interrupted while it looked bad. */
  void adopt(long step) {
    keptStep = Files.isDirectory(folder) ? step : -1;
  }

  /** The only surviving weights of someone's days are not removed. */
  private void renameEarlier() throws IOException {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      int number = 1;
      while (Files.exists(old(number), LinkOption.NOFOLLOW_LINKS)) {
        number++;
      }
      Files.move(folder, old(number));
    }
  }

  private Path old(int number) {
    return folder.resolveSibling(folder.getFileName() + ".old-" + number);
  }
}
