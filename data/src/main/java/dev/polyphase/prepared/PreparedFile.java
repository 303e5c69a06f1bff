package dev.polyphase.prepared;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.JsonFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one file, made into tokens: a folder with all numbers ({@code numbers.bin}), an index
 * of the rows ({@code index.bin}), the rows that were refused ({@code rejected.jsonl}) and, written
 * last, {@code manifest.json}. It never changes.
 *
 * @param <T> what a row is
 */
final class PreparedFile<T> {
  static final String NUMBERS = "numbers.bin";
  static final String INDEX = "index.bin";
  static final String REJECTED = "rejected.jsonl";
  static final String LEARNED = "learned.bin";
  static final String MANIFEST = "manifest.json";

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .build();

  private final Path folder;
  private final String name;
  private final RowCodec<T> codec;
  private final Manifest manifest;
  private final MappedInts numbers;
  private final MappedInts index;
  private final BitSet learned;

  /**
   * What was found in the file.
   *
   * @param rows how many rows were made into tokens
   * @param tokens how many tokens they have
   * @param rejected how many rows were refused, by what was wrong with them
   * @param countsRows whether a row's place is its number, in a file without lines
   */
  record Manifest(int rows, long tokens, Map<String, Long> rejected, boolean countsRows) {
    Manifest {
      rejected = Collections.unmodifiableMap(new LinkedHashMap<>(rejected));
    }

    ObjectNode json() {
      ObjectNode node = JsonNodeFactory.instance.objectNode();
      node.put("rows", rows).put("tokens", tokens).put("counts_rows", countsRows);

      ObjectNode reasons = node.putObject("rejected");
      rejected.forEach(reasons::put);
      return node;
    }

    static Manifest of(JsonNode node) {
      Map<String, Long> rejected = new LinkedHashMap<>();
      node.path("rejected")
          .properties()
          .forEach(entry -> rejected.put(entry.getKey(), entry.getValue().longValue()));
      return new Manifest(
          node.path("rows").intValue(),
          node.path("tokens").longValue(),
          rejected,
          node.path("counts_rows").booleanValue());
    }

    /** How many rows were refused. */
    long bad() {
      return rejected.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private PreparedFile(
      Path folder,
      String name,
      RowCodec<T> codec,
      Manifest manifest,
      MappedInts numbers,
      MappedInts index,
      BitSet learned) {
    this.folder = folder;
    this.name = name;
    this.codec = codec;
    this.manifest = manifest;
    this.numbers = numbers;
    this.index = index;
    this.learned = learned;
  }

  /**
   * Opens one.
   *
   * @param name what messages call the file that the rows were read from
   * @throws DamagedException if it is not whole
   */
  static <T> PreparedFile<T> open(Path folder, String name, RowCodec<T> codec) throws IOException {
    Manifest manifest = Manifest.of(JsonFile.read(folder.resolve(MANIFEST)));
    MappedInts index = MappedInts.of(folder.resolve(INDEX));
    MappedInts numbers = MappedInts.of(folder.resolve(NUMBERS));
    if (index.size() != (long) manifest.rows() * RowEntry.SIZE) {
      throw new DamagedException(
          "the index of " + folder + " has another size than its manifest says");
    }
    if (manifest.rows() > 0) {
      RowEntry last = RowEntry.of(index, manifest.rows() - 1);
      if (numbers.size() != last.start() + codec.size(last)) {
        throw new DamagedException("the rows of " + folder + " are not whole");
      }
    }
    BitSet learned = BitSet.valueOf(Files.readAllBytes(folder.resolve(LEARNED)));
    return new PreparedFile<>(folder, name, codec, manifest, numbers, index, learned);
  }

  Manifest manifest() {
    return manifest;
  }

  /** The rows that it has. */
  int rows() {
    return manifest.rows();
  }

  RowEntry entry(int row) {
    return RowEntry.of(index, row);
  }

  long hash(int row) {
    return RowEntry.hashOf(index, row);
  }

  /** A row, whole. */
  T row(int row) {
    RowEntry entry = entry(row);
    return codec.row(numbers.get(entry.start(), codec.size(entry)), entry);
  }

  Place place(int row) {
    return placeOf(entry(row).line(), 0);
  }

  private Place placeOf(int line, int column) {
    return new Place(name, line, column, manifest.countsRows());
  }

  /** The tokens that carry loss in any of its rows. */
  BitSet learned() {
    return learned;
  }

  /** It is not what was written. */
  static final class DamagedException extends IOException {
    DamagedException(String message) {
      super(message);
    }
  }

  /** What is done with a row that was refused. */
  @FunctionalInterface
  interface RejectedHandler {
    /** Takes one; answers whether it wants the next. */
    boolean take(RejectedRow row) throws IOException;
  }

  /** Goes through the rows that were refused, in their order. */
  void rejected(RejectedHandler handler) throws IOException {
    Path file = folder.resolve(REJECTED);
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      for (String line = next(lines, file); line != null; line = next(lines, file)) {
        JsonNode row = JSON.readTree(line);
        boolean more =
            handler.take(
                new RejectedRow(
                    placeOf(row.path("line").intValue(), row.path("column").intValue()),
                    row.path("reason").textValue(),
                    row.path("problem").textValue(),
                    row.path("row").textValue()));
        if (!more) {
          return;
        }
      }
    }
  }

  private static @Nullable String next(BufferedReader lines, Path file) throws IOException {
    try {
      return lines.readLine();
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  /** The first rows that were refused. */
  List<RejectedRow> firstRejected(int most) throws IOException {
    List<RejectedRow> first = new ArrayList<>();
    if (most > 0) {
      rejected(
          row -> {
            first.add(row);
            return first.size() < most;
          });
    }
    return first;
  }
}
