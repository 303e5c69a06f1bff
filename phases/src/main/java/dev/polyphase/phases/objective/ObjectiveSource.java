package dev.polyphase.phases.objective;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.List;

/** Makes the objective of one kind of phase. */
public interface ObjectiveSource {

  /** A sentence for each of the phase's settings that can't be heeded. */
  List<String> notBuilt(Phase phase);

  /**
   * Reads rows, those to train on or those held out, at least one.
   *
   * @param key the phase's key that names the datasets, for messages
   * @param model that will compute them
   * @param tokenizer asked only by rows of text
   * @param listener hears of each row
   * @throws InputException naming what is wrong with them
   */
  ReadRows read(
      PhaseRequest request,
      String key,
      List<Dataset> datasets,
      RowModel model,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException;
}
