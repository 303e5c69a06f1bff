package dev.polyphase.prepared;

import dev.polyphase.data.BadRowException;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.RawRow;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowEncoder;
import dev.polyphase.data.RowEncoders;
import dev.polyphase.data.RowFile;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes the rows of a file into tokens on several threads. One thread cuts the file into rows and
 * writes what comes back, in the order of the rows, so that the result is the same on any number of
 * threads; the others parse, render and tokenise some rows at a time. A few batches are under way
 * at once, whatever the file's size.
 *
 * @param <T> what a row is made into
 */
final class RowPreparation<T> {
  private static final int BATCH_ROWS = 256;
  private static final int BATCH_BYTES = 1 << 20;

  /** Of a wrong row that is longer the beginning is enough to find it. */
  private static final int MOST_BYTES_KEPT = 1 << 20;

  /** Fewer rows do not tell how many a file has. */
  private static final int ENOUGH = 1_000;

  private final RowEncoders<T> encoders;
  private final RowCodec<T> codec;
  private final Rows rules;
  private final int threads;

  RowPreparation(RowEncoders<T> encoders, RowCodec<T> codec, Rows rules, int threads) {
    this.encoders = encoders;
    this.codec = codec;
    this.rules = rules;
    this.threads = threads;
  }

  /**
   * Makes the rows of a file.
   *
   * @param folder where the files of the result are written
   * @throws InputException if the file can't be read, its rows are of no shape, most of them are
   *     wrong, or the model's files are at fault
   */
  void prepare(Path file, Dataset dataset, Path folder, ReadingListener listener)
      throws IOException {
    ExecutorService pool = pool();
    try (RowFile rows = RowFile.open(file, dataset);
        PreparedFileWriter writer = new PreparedFileWriter(folder)) {
      boolean countsRows =
          prepare(new Run(rows, dataset, pool, writer, InputFile.name(file), listener), file);
      writer.finish(countsRows);
    } finally {
      end(pool);
    }
  }

  /** Who asked may close the tokenizer then: no thread may be in it any more. */
  private static void end(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = false;
    while (true) {
      try {
        if (pool.awaitTermination(1, TimeUnit.MINUTES)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private ExecutorService pool() {
    AtomicInteger number = new AtomicInteger();
    return Executors.newFixedThreadPool(
        threads,
        work -> {
          Thread thread = new Thread(work, "rows-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  /** A file on its way. */
  private record Run(
      RowFile rows,
      Dataset dataset,
      ExecutorService pool,
      PreparedFileWriter writer,
      String name,
      ReadingListener listener) {}

  /** Answers whether the file has rows rather than lines. */
  private boolean prepare(Run run, Path file) throws IOException {
    @Nullable RawRow first = run.rows().next();
    if (first == null) {
      throw RowFile.empty(file, run.dataset());
    }
    FileEncoder encoder = new FileEncoder(run.dataset());
    Queue<Future<Batch>> underWay = new ArrayDeque<>();
    List<RawRow> batch = List.of(first);
    while (!batch.isEmpty()) {
      List<RawRow> rows = batch;
      underWay.add(run.pool().submit(() -> made(rows, encoder)));
      // Until a row has said how the others are read, they are read one after the other.
      while (underWay.size() > (encoder.isKnown() ? 2 * threads : 0)) {
        write(underWay, run);
      }
      batch = next(run.rows());
    }
    while (!underWay.isEmpty()) {
      write(underWay, run);
    }
    return first.place().countsRows();
  }

  private static List<RawRow> next(RowFile rows) throws IOException {
    List<RawRow> batch = new ArrayList<>();
    int bytes = 0;
    while (batch.size() < BATCH_ROWS && bytes < BATCH_BYTES) {
      @Nullable RawRow row = rows.next();
      if (row == null) {
        break;
      }
      batch.add(row);
      bytes += row.json().length;
    }
    return batch;
  }

  private void write(Queue<Future<Batch>> underWay, Run run) throws IOException {
    PreparedFileWriter writer = run.writer();
    writer.add(result(underWay.remove()));
    long read = writer.rows() + writer.bad();
    run.listener()
        .reading(
            new ReadingListener.Progress(run.name(), read, writer.tokens(), run.rows().share()));
    if (tooManyAreBad(writer.bad(), read, run.rows().share())) {
      throw writer
          .badRows()
          .refusal(
              "%,d of the first %,d rows of %s are wrong".formatted(writer.bad(), read, run.name()),
              rules);
    }
  }

  /** Whether so many are wrong that no number of good ones that may follow can make up for it. */
  private boolean tooManyAreBad(long bad, long read, OptionalDouble share) {
    if (rules.strict()) {
      return bad >= BadRows.SHOWN;
    }
    return read >= ENOUGH
        && share.isPresent()
        && bad > ENOUGH + 2 * rules.maxBadRatio() * read / share.getAsDouble();
  }

  private static Batch result(Future<Batch> future) throws IOException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the reading of rows was interrupted", e);
    }
  }

  private Batch made(List<RawRow> rows, FileEncoder encoder) throws IOException {
    Batch batch = new Batch();
    for (RawRow raw : rows) {
      if (Thread.interrupted()) {
        throw new InterruptedIOException("the reading of rows was stopped");
      }
      try {
        JsonRow row = JsonRow.of(raw);
        for (T made : encoder.encode(row)) {
          batch.add(made, raw.place().line(), codec);
        }
      } catch (BadRowException e) {
        batch.reject(rejected(raw, e.reason().words(), e.problems().get(0)));
      }
    }
    return batch;
  }

  private static RejectedRow rejected(RawRow raw, String reason, Problem problem) {
    Place place = problem.place() == null ? raw.place() : problem.place();
    byte[] json = raw.json();
    String text =
        new String(json, 0, Math.min(json.length, MOST_BYTES_KEPT), StandardCharsets.UTF_8);
    return new RejectedRow(
        place, reason, problem.sentence(), json.length > MOST_BYTES_KEPT ? text + "..." : text);
  }

  /** What reads the rows of the file: its first good row says which shape they have. */
  private final class FileEncoder {
    private final Dataset dataset;
    private volatile @Nullable RowEncoder<T> encoder;

    FileEncoder(Dataset dataset) {
      this.dataset = dataset;
    }

    boolean isKnown() {
      return encoder != null;
    }

    List<T> encode(JsonRow row) throws IOException {
      RowEncoder<T> known = encoder;
      if (known == null) {
        synchronized (this) {
          known = encoder;
          if (known == null) {
            known = encoders.ofFile(dataset, row);
            encoder = known;
          }
        }
      }
      return known.encode(row);
    }
  }
}
