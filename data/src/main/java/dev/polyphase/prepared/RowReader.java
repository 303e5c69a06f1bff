package dev.polyphase.prepared;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.data.Channels;
import dev.polyphase.data.DatasetFiles;
import dev.polyphase.data.DatasetHub;
import dev.polyphase.data.Example;
import dev.polyphase.data.Judged;
import dev.polyphase.data.Pair;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowEncoders;
import dev.polyphase.data.RowProblems;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the rows of datasets: files that were prepared before are found, the others are prepared.
 *
 * @param cache where prepared files are kept
 * @param hub where datasets are that have an id
 * @param threads how many threads make rows into tokens
 */
public record RowReader(RowCache cache, DatasetHub hub, int threads) {
  private static final JsonMapper JSON = new JsonMapper();

  /** A reader on all processors. */
  public RowReader(RowCache cache, DatasetHub hub) {
    this(cache, hub, Runtime.getRuntime().availableProcessors());
  }

  /**
   * What is read.
   *
   * @param folder the folder that the datasets' paths are relative to
   * @param key the key that names the datasets, for messages, as {@code datasets}
   * @param datasets which files
   * @param rules how many of the rows may be wrong
   */
  public record Asked(Path folder, String key, List<Dataset> datasets, Rows rules) {}

  /** The rows of cpt and sft. */
  public PreparedRows<Example> examples(
      Asked asked, RowEncoders<Example> encoders, ReadingListener listener) throws IOException {
    return read(asked, encoders, new ExampleCodec(), listener);
  }

  /** The pairs of dpo. */
  public PreparedRows<Pair> pairs(Asked asked, RowEncoders<Pair> encoders, ReadingListener listener)
      throws IOException {
    return read(asked, encoders, new PairCodec(), listener);
  }

  /** The completions of kto that are wanted or not; a pair is two of them. */
  public PreparedRows<Judged> judged(
      Asked asked, RowEncoders<Judged> encoders, ReadingListener listener) throws IOException {
    return read(asked, encoders, new JudgedCodec(), listener);
  }

  /**
   * Reads all rows.
   *
   * @throws InputException naming what is wrong with datasets and files, and with rows where more
   *     of a dataset are wrong than may be
   */
  private <T> PreparedRows<T> read(
      Asked asked, RowEncoders<T> encoders, RowCodec<T> codec, ReadingListener listener)
      throws IOException {
    Set<Problem> problems = new LinkedHashSet<>();
    List<PreparedFile<T>> prepared = new ArrayList<>();
    List<Integer> datasetOfFile = new ArrayList<>();
    for (int d = 0; d < asked.datasets().size(); d++) {
      Dataset dataset = asked.datasets().get(d);
      try {
        List<PreparedFile<T>> files = new ArrayList<>();
        for (Path file :
            DatasetFiles.of(asked.folder(), dataset, asked.key() + "[" + d + "]", hub)) {
          try {
            files.add(file(file, dataset, asked.rules(), encoders, codec, listener));
          } catch (InputException e) {
            problems.addAll(e.problems());
            if (problems.size() >= RowProblems.LIMIT) {
              throw new InputException(List.copyOf(problems));
            }
          }
        }
        requireMostlyGood(dataset, files, asked.rules());
        prepared.addAll(files);
        for (int f = 0; f < files.size(); f++) {
          datasetOfFile.add(d);
        }
      } catch (InputException e) {
        problems.addAll(e.problems());
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(List.copyOf(problems));
    }
    int[] datasets = datasetOfFile.stream().mapToInt(Integer::intValue).toArray();
    return new PreparedRows<>(prepared, datasets, Channels.of(asked.datasets()));
  }

  private <T> PreparedFile<T> file(
      Path file,
      Dataset dataset,
      Rows rules,
      RowEncoders<T> encoders,
      RowCodec<T> codec,
      ReadingListener listener)
      throws IOException {
    String name = InputFile.name(file);
    String before = state(file);
    String key = key(file, dataset, encoders, codec);
    Optional<PreparedFile<T>> found = cache.find(key, name, codec);
    if (found.isPresent()) {
      return found.get();
    }
    RowPreparation<T> preparation = new RowPreparation<>(encoders, codec, rules, threads);
    return cache.make(
        key,
        name,
        codec,
        folder -> {
          preparation.prepare(file, dataset, folder, listener);
          // Or what was read would be kept as what was hashed.
          if (!state(file).equals(before)) {
            throw new InputException(
                Place.in(name), "this file was changed while it was read; run the command again");
          }
        });
  }

  private static String state(Path file) throws IOException {
    try {
      return Files.size(file) + " " + Files.getLastModifiedTime(file);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  /** All that the tokens of a file's rows follow from. */
  private static <T> String key(
      Path file, Dataset dataset, RowEncoders<T> encoders, RowCodec<T> codec) throws IOException {
    MessageDigest digest = sha256();
    for (String part :
        List.of(
            codec.name(),
            ProgramFingerprint.text(),
            encoders.fingerprint(),
            endings(file),
            dataset.type().toString(),
            json(dataset.where()),
            dataset.fields().toString(),
            json(dataset.roles()),
            json(dataset.ignoreColumns()),
            json(dataset.chatTemplateKwargs()),
            json(dataset.loss()))) {
      digest.update(part.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
    }
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** What of a file's name says how it is read: of {@code rows.csv.gz} both endings. */
  private static String endings(Path file) {
    String name = InputFile.name(file);
    String last = name.substring(name.lastIndexOf('/') + 1);
    int dot = last.indexOf('.');
    return dot < 0 ? "" : last.substring(dot).toLowerCase(Locale.ROOT);
  }

  /** Other than its text, the JSON of a value tells texts from numbers and truth values. */
  private static String json(Object value) {
    Object plain = value instanceof Optional<?> optional ? optional.orElse(null) : value;
    return String.valueOf((Object) JSON.valueToTree(plain));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static <T> void requireMostlyGood(
      Dataset dataset, List<PreparedFile<T>> files, Rows rules) throws IOException {
    Map<String, Long> reasons = new LinkedHashMap<>();
    List<RejectedRow> first = new ArrayList<>();
    long read = 0;
    for (PreparedFile<T> file : files) {
      file.manifest()
          .rejected()
          .forEach((reason, count) -> reasons.merge(reason, count, Long::sum));
      first.addAll(file.firstRejected(BadRows.SHOWN - first.size()));
      read += file.rows() + file.manifest().bad();
    }
    BadRows bad = new BadRows(reasons, first);
    if (bad.count() == 0) {
      return;
    }
    if (rules.strict() || bad.count() > rules.maxBadRatio() * read) {
      throw bad.refusal(
          "%,d of the %,d rows of %s are wrong".formatted(bad.count(), read, dataset.path()),
          rules);
    }
  }
}
