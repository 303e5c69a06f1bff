package dev.polyphase.prepared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.BadRowException;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowEncoder;
import dev.polyphase.data.RowEncoders;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowReaderTest {
  @TempDir Path temp;

  /** Takes {@code {"n": ids}}; a row without is wrong. */
  private static final class Numbers implements RowEncoders<Example> {
    private final AtomicInteger encoded = new AtomicInteger();
    private final String fingerprint;

    Numbers(String fingerprint) {
      this.fingerprint = fingerprint;
    }

    @Override
    public RowEncoder<Example> ofFile(Dataset dataset, JsonRow first) {
      return row -> {
        encoded.incrementAndGet();
        if (!row.has("n")) {
          throw new BadRowException(row.place(), Reason.COLUMN_MISSING, "\"n\" is missing");
        }
        int[] ids = row.ids("n", 1_000);
        return List.of(new Example(ids, ids));
      };
    }

    @Override
    public String fingerprint() {
      return fingerprint;
    }
  }

  private Path rows(String name, Stream<String> lines) throws IOException {
    Path file = temp.resolve(name);
    Files.writeString(file, lines.collect(Collectors.joining("\n", "", "\n")));
    return file;
  }

  private Path random(String name, int count) throws IOException {
    Random random = new Random(7);
    return rows(
        name,
        IntStream.range(0, count)
            .mapToObj(
                i ->
                    random
                        .ints(1 + random.nextInt(60), 0, 1_000)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(",", "{\"n\":[", "]}"))));
  }

  private PreparedRows<Example> read(
      Path cache, int threads, Numbers encoders, Rows rules, String... paths) throws IOException {
    List<Dataset> datasets =
        Stream.of(paths).map(path -> new Dataset(path, RowType.AUTO, 1)).toList();
    return new RowReader(new RowCache(cache), (id, revision) -> Optional.empty(), threads)
        .examples(
            new RowReader.Asked(temp, "datasets", datasets, rules),
            encoders,
            ReadingListener.NOBODY);
  }

  private static Path only(Path cache) throws IOException {
    try (Stream<Path> found = Files.list(cache)) {
      List<Path> all = found.toList();
      assertThat(all).hasSize(1);
      return all.get(0);
    }
  }

  @Test
  void areTheSameOnAnyNumberOfThreads() throws IOException {
    random("a.jsonl", 5_000);
    read(temp.resolve("one"), 1, new Numbers(""), Rows.AS_USUAL, "a.jsonl");
    read(temp.resolve("four"), 4, new Numbers(""), Rows.AS_USUAL, "a.jsonl");
    Path one = only(temp.resolve("one"));
    Path four = only(temp.resolve("four"));
    assertThat(one.getFileName()).isEqualTo(four.getFileName());
    for (String file : List.of("numbers.bin", "index.bin", "learned.bin", "manifest.json")) {
      assertThat(Files.mismatch(one.resolve(file), four.resolve(file))).as(file).isEqualTo(-1);
    }
  }

  @Test
  void areWhatTheFilesHoldInTheirOrder() throws IOException {
    rows("a.jsonl", Stream.of("{\"n\":[1,2]}", "", "{\"n\":[3]}"));
    rows("b.jsonl", Stream.of("{\"n\":[4,5,6]}"));
    PreparedRows<Example> rows =
        read(temp.resolve("cache"), 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl", "b.jsonl");
    assertThat(IntStream.range(0, rows.size()).mapToObj(rows::row).map(Example::ids))
        .containsExactly(new int[] {1, 2}, new int[] {3}, new int[] {4, 5, 6});
    assertThat(rows.place(1)).isEqualTo(Place.line(temp.resolve("a.jsonl").toString(), 3));
    assertThat(rows.place(2)).isEqualTo(Place.line(temp.resolve("b.jsonl").toString(), 1));
    assertThat(rows.names()).containsExactly("a", "b");
    assertThat(rows.datasetOf(1)).isZero();
    assertThat(rows.datasetOf(2)).isEqualTo(1);
    assertThat(rows.learned().stream().toArray())
        .as("the first label never counts")
        .isEqualTo(new int[] {2, 5, 6});
  }

  @Test
  void areFoundAgainUnlessSomethingTheyFollowFromIsOther() throws IOException {
    Path file = random("a.jsonl", 100);
    Path cache = temp.resolve("cache");
    Numbers first = new Numbers("x");
    read(cache, 2, first, Rows.AS_USUAL, "a.jsonl");
    assertThat(first.encoded).hasValue(100);

    Numbers again = new Numbers("x");
    Files.copy(file, temp.resolve("b.jsonl"));
    assertThat(read(cache, 2, again, Rows.AS_USUAL, "a.jsonl", "b.jsonl").size()).isEqualTo(200);
    assertThat(again.encoded).as("by content, not by name").hasValue(0);

    Numbers other = new Numbers("y");
    read(cache, 2, other, Rows.AS_USUAL, "a.jsonl");
    assertThat(other.encoded).as("another tokenizer").hasValue(100);

    Files.writeString(file, Files.readString(file).replaceFirst("\\d+", "999"));
    Numbers changed = new Numbers("x");
    read(cache, 2, changed, Rows.AS_USUAL, "a.jsonl");
    assertThat(changed.encoded).as("another content").hasValue(100);
  }

  @Test
  void whatAKilledProcessLeftIsNotTakenForWhole() throws IOException {
    random("a.jsonl", 100);
    Path cache = temp.resolve("cache");
    read(cache, 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl");
    Path prepared = only(cache);
    byte[] numbers = Files.readAllBytes(prepared.resolve("numbers.bin"));

    Files.delete(prepared.resolve("manifest.json"));
    Numbers anew = new Numbers("");
    read(cache, 2, anew, Rows.AS_USUAL, "a.jsonl");
    assertThat(anew.encoded).as("without a manifest").hasValue(100);

    Files.write(prepared.resolve("numbers.bin"), java.util.Arrays.copyOf(numbers, 400));
    Numbers shortened = new Numbers("");
    PreparedRows<Example> rows = read(cache, 2, shortened, Rows.AS_USUAL, "a.jsonl");
    assertThat(shortened.encoded).as("cut off").hasValue(100);
    assertThat(rows.size()).isEqualTo(100);
    assertThat(Files.readAllBytes(prepared.resolve("numbers.bin"))).isEqualTo(numbers);
  }

  @Test
  void severalAtOnceMakeOne() throws Exception {
    random("a.jsonl", 3_000);
    Path cache = temp.resolve("cache");
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        readers.add(
            () -> {
              PreparedRows<Example> rows =
                  read(cache, 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl");
              int tokens = 0;
              for (int row = 0; row < rows.size(); row++) {
                tokens += rows.row(row).tokens();
              }
              return tokens;
            });
      }
      List<Integer> tokens = new ArrayList<>();
      for (Future<Integer> future : pool.invokeAll(readers)) {
        tokens.add(future.get());
      }
      assertThat(tokens).containsOnly(tokens.get(0));
    } finally {
      pool.shutdownNow();
    }
    only(cache);
  }

  @Test
  void aFewWrongRowsAreLeftOutAndListed() throws IOException {
    rows(
        "a.jsonl",
        IntStream.range(0, 300)
            .mapToObj(i -> i == 7 ? "{\"m\":1}" : i == 9 ? "no JSON" : "{\"n\":[" + i + ",1]}"));
    PreparedRows<Example> rows =
        read(temp.resolve("cache"), 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl");
    assertThat(rows.size()).isEqualTo(298);
    assertThat(rows.bad().get(0)).containsEntry("a column is missing", 1L).hasSize(2);
    List<RejectedRow> rejected = new ArrayList<>();
    rows.rejected(rejected::add);
    assertThat(rejected).extracting(row -> row.place().line()).containsExactly(8, 10);
    assertThat(rejected.get(0).text()).isEqualTo("{\"m\":1}");
    assertThat(rejected.get(1).text()).isEqualTo("no JSON");
  }

  @Test
  void moreThanMayBeWrongAreRefusedWithTheFirstOfThem() throws IOException {
    rows(
        "a.jsonl",
        IntStream.range(0, 1_000).mapToObj(i -> i % 20 == 3 ? "{}" : "{\"n\":[" + i % 99 + "]}"));
    assertThatThrownBy(
            () -> read(temp.resolve("cache"), 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(temp.resolve("a.jsonl") + ":4: \"n\" is missing\n")
        .hasMessageContaining(
            "50 of the 1,000 rows of a.jsonl are wrong (50 a column is missing); mend them, or raise max_bad_ratio, which is 0.01");
    Rows half = new Rows(Optional.empty(), Rows.MixBy.PASSES, false, Optional.empty(), 0.5, false);
    assertThat(read(temp.resolve("cache"), 2, new Numbers(""), half, "a.jsonl").size())
        .isEqualTo(950);
    Rows strict = new Rows(Optional.empty(), Rows.MixBy.PASSES, false, Optional.empty(), 0.5, true);
    assertThatThrownBy(() -> read(temp.resolve("cache"), 2, new Numbers(""), strict, "a.jsonl"))
        .hasMessageContaining("mend them, or take strict away to have a few left out");
  }

  @Test
  void aFileThatIsMostlyWrongIsNotGoneThroughToItsEnd() throws IOException {
    rows("a.jsonl", IntStream.range(0, 50_000).mapToObj(i -> "{\"m\":1}"));
    Numbers encoders = new Numbers("");
    assertThatThrownBy(() -> read(temp.resolve("cache"), 1, encoders, Rows.AS_USUAL, "a.jsonl"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("rows of " + temp.resolve("a.jsonl") + " are wrong");
    assertThat(encoders.encoded.get()).isLessThan(10_000);
  }

  @Test
  void everyProblemOfEveryFileIsSaid() throws IOException {
    rows("empty.jsonl", Stream.of(""));
    assertThatThrownBy(
            () ->
                read(
                    temp.resolve("cache"),
                    2,
                    new Numbers(""),
                    Rows.AS_USUAL,
                    "empty.jsonl",
                    "missing.jsonl"))
        .hasMessageContaining("empty.jsonl: this file has no rows")
        .hasMessageContaining("datasets[1].path: no file matches missing.jsonl");
  }

  @Test
  void whereNothingCanBeKeptRowsAreReadAllTheSame() throws IOException {
    random("a.jsonl", 10);
    Path file = Files.writeString(temp.resolve("file"), "no folder");
    assertThat(read(file.resolve("cache"), 2, new Numbers(""), Rows.AS_USUAL, "a.jsonl").size())
        .isEqualTo(10);
  }
}
