package dev.polyphase.prepared;

import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The rows of all files of a phase's datasets at their full length, in the order of the pipeline.
 *
 * @param <T> what a row is
 */
public final class PreparedRows<T> implements RowSource<T> {
  private final List<PreparedFile<T>> files;
  private final int[] datasetOfFile;
  private final List<String> names;

  /** The number of the first row of each file, and behind them of all rows. */
  private final int[] starts;

  PreparedRows(List<PreparedFile<T>> files, int[] datasetOfFile, List<String> names) {
    this.files = files;
    this.datasetOfFile = datasetOfFile;
    this.names = names;
    this.starts = new int[files.size() + 1];
    for (int f = 0; f < files.size(); f++) {
      starts[f + 1] = Math.addExact(starts[f], files.get(f).rows());
    }
  }

  @Override
  public int size() {
    return starts[files.size()];
  }

  @Override
  public List<String> names() {
    return names;
  }

  @Override
  public T row(int row) {
    int file = file(row);
    return files.get(file).row(row - starts[file]);
  }

  @Override
  public Place place(int row) {
    int file = file(row);
    return files.get(file).place(row - starts[file]);
  }

  @Override
  public int datasetOf(int row) {
    return datasetOfFile[file(row)];
  }

  @Override
  public long hashOf(int row) {
    int file = file(row);
    return files.get(file).hash(row - starts[file]);
  }

  RowEntry entry(int row) {
    int file = file(row);
    return files.get(file).entry(row - starts[file]);
  }

  @Override
  public boolean seamIn(int row) {
    return entry(row).seam();
  }

  @Override
  public BitSet learned() {
    BitSet learned = new BitSet();
    files.forEach(file -> learned.or(file.learned()));
    return learned;
  }

  /** How many rows of each dataset were refused, by what is wrong with them. */
  List<Map<String, Long>> bad() {
    List<Map<String, Long>> bad = new ArrayList<>();
    names.forEach(name -> bad.add(new TreeMap<>()));
    for (int f = 0; f < datasetOfFile.length; f++) {
      Map<String, Long> ofDataset = bad.get(datasetOfFile[f]);
      files
          .get(f)
          .manifest()
          .rejected()
          .forEach((reason, count) -> ofDataset.merge(reason, count, Long::sum));
    }
    return bad;
  }

  /** Goes through the rows that were refused, file by file in their order. */
  public void rejected(RejectedHandler handler) throws IOException {
    for (PreparedFile<T> file : files) {
      file.rejected(
          row -> {
            handler.take(row);
            return true;
          });
    }
  }

  /** What is done with a row that was refused. */
  @FunctionalInterface
  public interface RejectedHandler {
    /** Takes one. */
    void take(RejectedRow row) throws IOException;
  }

  private int file(int row) {
    int found = Arrays.binarySearch(starts, row);
    if (found < 0) {
      return -found - 2;
    }
    // Files without rows begin where the next one does.
    while (starts[found + 1] == row) {
      found++;
    }
    return found;
  }
}
