package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The rows of datasets, file by file in the order of the pipeline.
 *
 * @param folder the folder that the datasets' paths are relative to
 * @param key the key that names the datasets, for messages, as {@code datasets}
 * @param datasets which files
 * @param shapes the shapes that the phase reads; where a row fits several, the first wins
 */
public record DatasetRows(Path folder, String key, List<Dataset> datasets, Set<RowShape> shapes) {

  /** What is done with each row. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Takes one row.
     *
     * @param dataset which of the datasets it is of, from 0
     * @throws InputException if the row is wrong
     */
    void row(JsonRow row, RowShape shape, int dataset) throws IOException;
  }

  /**
   * Reads all rows. The rows of a file have one shape: the dataset's {@code type}, or that of the
   * first row.
   *
   * @param problems takes what is wrong with the datasets, the files and the rows
   * @param listener hears of each row
   * @throws InputException when too much is wrong, as {@link RowProblems#add} says
   */
  public void read(RowProblems problems, ReadingListener listener, Handler handler)
      throws IOException {
    Handler counted = counted(listener, handler);
    for (int i = 0; i < datasets.size(); i++) {
      Dataset dataset = datasets.get(i);
      List<Path> files;
      try {
        refuseWhatIsNotBuilt(dataset, key + "[" + i + "]");
        files = DatasetFiles.matching(folder, dataset.path(), key + "[" + i + "].path");
      } catch (InputException e) {
        problems.add(e);
        continue;
      }
      for (Path file : files) {
        readFile(file, i, problems, counted);
      }
    }
  }

  private static Handler counted(ReadingListener listener, Handler handler) {
    return new Handler() {
      private long rows;

      @Override
      public void row(JsonRow row, RowShape shape, int dataset) throws IOException {
        rows++;
        listener.reading(row.place().file(), rows);
        handler.row(row, shape, dataset);
      }
    };
  }

  private void readFile(Path file, int dataset, RowProblems problems, Handler handler)
      throws IOException {
    FileShape shape = new FileShape(candidates(datasets.get(dataset).type()));
    JsonRows.read(file, problems, row -> handler.row(row, shape.of(row), dataset));
  }

  private List<RowShape> candidates(RowType type) {
    return shapes.stream().filter(s -> type == RowType.AUTO || s.type() == type).toList();
  }

  private void refuseWhatIsNotBuilt(Dataset dataset, String at) {
    if (dataset.path().endsWith(".parquet")) {
      throw new InputException(
          at + ".path: " + dataset.path() + ": parquet is not built yet; convert it to JSONL");
    }
    if (candidates(dataset.type()).isEmpty()) {
      throw new InputException(
          at
              + ".type: "
              + dataset.type().name().toLowerCase(Locale.ROOT)
              + " does not fit the phase, which reads "
              + listed(shapes));
    }
  }

  private static String listed(Iterable<RowShape> shapes) {
    Iterator<RowShape> each = shapes.iterator();
    StringBuilder text = new StringBuilder(each.next().toString());
    while (each.hasNext()) {
      RowShape shape = each.next();
      text.append(each.hasNext() ? ", " : " or ").append(shape);
    }
    return text.toString();
  }

  /** The shape of a file's rows: that of its first row. */
  private static final class FileShape {
    private final List<RowShape> candidates;
    private @Nullable RowShape shape;
    private @Nullable InputException unknown;

    FileShape(List<RowShape> candidates) {
      this.candidates = candidates;
    }

    RowShape of(JsonRow row) {
      if (unknown != null) {
        // The same exception for every row of the file: it is reported once.
        throw unknown;
      }
      if (shape == null) {
        try {
          shape = shapeOf(row, candidates);
        } catch (InputException e) {
          unknown = e;
          throw e;
        }
      }
      if (!shape.fits(row)) {
        throw row.wrong(
            "this row has %s, and the rows above it in this file are %s"
                .formatted(keysOf(row), shape));
      }
      return shape;
    }
  }

  /**
   * The first shape that fits a row.
   *
   * @throws InputException if none does
   */
  static RowShape shapeOf(JsonRow row, Collection<RowShape> shapes) {
    for (RowShape shape : shapes) {
      if (shape.fits(row)) {
        return shape;
      }
    }
    throw row.wrong("this row has %s, and must be %s".formatted(keysOf(row), listed(shapes)));
  }

  private static String keysOf(JsonRow row) {
    if (row.fields().isEmpty()) {
      return "no keys";
    }
    return row.fields().properties().stream()
        .map(field -> "\"" + field.getKey() + "\"" + (field.getValue().isNull() ? ": null" : ""))
        .collect(Collectors.joining(", ", "the keys ", ""));
  }
}
