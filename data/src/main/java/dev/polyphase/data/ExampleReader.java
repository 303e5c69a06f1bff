package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Reads the rows of cpt and sft phases, each fitted into the phase's sequence. */
public final class ExampleReader {
  private final PhaseType phase;
  private final int sequenceLen;
  private final RowEncoder encoder;

  /**
   * A reader for one phase.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param sequenceLen the most tokens of a row
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   */
  public ExampleReader(PhaseType phase, int sequenceLen, int vocabSize, LazyTokenizer tokenizer) {
    this(phase, sequenceLen, new RowEncoder(phase, vocabSize, tokenizer));
  }

  /**
   * A reader for one phase.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param sequenceLen the most tokens of a row
   * @param encoder makes tokens of its rows
   */
  public ExampleReader(PhaseType phase, int sequenceLen, RowEncoder encoder) {
    this.phase = phase;
    this.sequenceLen = sequenceLen;
    this.encoder = encoder;
  }

  /**
   * Reads all rows. One that is longer than the sequence is cut at its end or, in cpt, split into
   * sequences; one without a token that carries loss is left out. Both are counted.
   *
   * @param folder the folder that the datasets' paths are relative to
   * @param key the key that names the datasets, for messages, as {@code datasets}
   * @param listener hears of each row
   * @throws InputException naming what is wrong with datasets, files and rows, up to {@link
   *     RowProblems#LIMIT} at once; or that no row is left
   */
  public Examples read(Path folder, String key, List<Dataset> datasets, ReadingListener listener)
      throws IOException {
    Fitted fitted = new Fitted();
    RowProblems problems = new RowProblems();
    new DatasetRows(folder, key, datasets, encoder.shapes())
        .read(
            problems,
            listener,
            (row, shape) -> fitted.add(encoder.encode(row, shape), row.place()));
    problems.throwIfAny();
    if (fitted.rows.isEmpty()) {
      throw new InputException(
          "%s: none of the %,d rows has a token that carries loss among its first %,d (sequence_len): %,d are longer than that, and %,d have none at any length"
              .formatted(key, fitted.read, sequenceLen, fitted.dropped, fitted.withoutLoss));
    }
    return fitted.examples();
  }

  /**
   * Cuts a row at its end; in cpt, splits it. Each piece then begins with the token after the end
   * of the one before, and that token's label never counts.
   */
  private List<Example> shorten(Example example) {
    int end = phase == PhaseType.CPT ? example.tokens() : sequenceLen;
    List<Example> pieces = new ArrayList<>();
    for (int start = 0; start < end; start += sequenceLen) {
      pieces.add(piece(example, start));
    }
    return pieces;
  }

  private Example piece(Example example, int start) {
    int end = Math.min(start + sequenceLen, example.tokens());
    int[] ids = Arrays.copyOfRange(example.ids(), start, end);
    boolean everyTokenCarriesLoss = example.labels() == example.ids();
    return new Example(
        ids, everyTokenCarriesLoss ? ids : Arrays.copyOfRange(example.labels(), start, end));
  }

  /** The rows that are kept, and what became of the others. */
  private final class Fitted {
    private final List<Example> rows = new ArrayList<>();
    private final List<Integer> sourceOfRow = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final BitSet cut = new BitSet();
    private int sources;
    private long read;
    private long dropped;
    private long withoutLoss;

    void add(Example example, Place place) {
      read++;
      if (example.lossTokens() == 0) {
        withoutLoss++;
        return;
      }
      boolean tooLong = example.tokens() > sequenceLen;
      boolean kept = false;
      for (Example piece : tooLong ? shorten(example) : List.of(example)) {
        kept |= keep(piece, place);
      }
      if (!kept) {
        dropped++;
        return;
      }
      cut.set(sources, tooLong);
      sources++;
    }

    private boolean keep(Example example, Place place) {
      if (example.lossTokens() == 0) {
        return false;
      }
      rows.add(example);
      sourceOfRow.add(sources);
      places.add(place);
      return true;
    }

    Examples examples() {
      return new Examples(
          rows,
          sourceOfRow.stream().mapToInt(Integer::intValue).toArray(),
          places,
          cut,
          read,
          dropped,
          withoutLoss);
    }
  }
}
