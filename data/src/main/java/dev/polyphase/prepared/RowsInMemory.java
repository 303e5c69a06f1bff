package dev.polyphase.prepared;

import dev.polyphase.data.Judged;
import dev.polyphase.data.Pair;
import dev.polyphase.pipelines.problems.Place;
import java.util.BitSet;
import java.util.List;

/**
 * Rows that come from no file, or are few: of one dataset.
 *
 * @param rows the rows
 * @param places where they were read; may be fewer where nobody asks
 */
record RowsInMemory<T>(List<T> rows, List<Place> places, RowCodec<T> codec)
    implements RowSource<T> {

  RowsInMemory {
    rows = List.copyOf(rows);
    places = List.copyOf(places);
  }

  static RowsInMemory<Pair> ofPairs(List<Pair> rows, List<Place> places) {
    return new RowsInMemory<>(rows, places, new PairCodec());
  }

  static RowsInMemory<Judged> ofJudged(List<Judged> rows, List<Place> places) {
    return new RowsInMemory<>(rows, places, new JudgedCodec());
  }

  @Override
  public int size() {
    return rows.size();
  }

  @Override
  public T row(int row) {
    return rows.get(row);
  }

  @Override
  public Place place(int row) {
    return places.get(row);
  }

  @Override
  public List<String> names() {
    return List.of("rows");
  }

  @Override
  public int datasetOf(int row) {
    return 0;
  }

  @Override
  public long hashOf(int row) {
    return codec.entry(rows.get(row), 0).hash();
  }

  @Override
  public boolean seamIn(int row) {
    return codec.entry(rows.get(row), 0).seam();
  }

  @Override
  public BitSet learned() {
    BitSet learned = new BitSet();
    rows.forEach(row -> codec.markLearned(row, learned));
    return learned;
  }
}
