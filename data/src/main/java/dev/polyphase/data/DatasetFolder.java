package dev.polyphase.data;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The data files in a folder, by splits, as Hugging Face's {@code load_dataset} tells these: by the
 * {@code configs} of its {@code README.md}, else by names of files and folders.
 *
 * @param folder where it is
 * @param name what the pipeline calls it
 * @param key the key of the dataset, for messages
 */
record DatasetFolder(Path folder, String name, String key) {
  /** The split that is meant where none is named. */
  static final String TRAIN = "train";

  /** What endings of names promise; files of two types may say the same thing twice. */
  private enum Type {
    JSON("JSON", ".jsonl .json .ndjson"),
    CSV("CSV", ".csv .tsv"),
    PARQUET("Parquet", ".parquet"),
    ARROW("Arrow", ".arrow .feather"),
    TEXT("text", ".txt");

    private final String word;
    private final String endings;

    Type(String word, String endings) {
      this.word = word;
      this.endings = endings;
    }

    static Optional<Type> of(String path) {
      String plain = Compression.without(path.toLowerCase(Locale.ROOT));
      return Stream.of(values())
          .filter(type -> type.endings().anyMatch(plain::endsWith))
          .findFirst();
    }

    Stream<String> endings() {
      return Stream.of(endings.split(" ", -1));
    }
  }

  /** JSON that says something of the data. */
  private static final Set<String> NO_DATA =
      Set.of(
          "config.json",
          "dataset_info.json",
          "dataset_infos.json",
          "dataset_dict.json",
          "state.json");

  private static final String DICTIONARY = "dataset_dict.json";
  private static final String STATE = "state.json";
  private static final String CARD = "README.md";

  /** What names of splits begin or end at. */
  private static final String EDGE = "[-._ 0-9]";

  private static final Map<String, String> KEYWORDS =
      sorted(
          "train", "train|training",
          "validation", "validation|valid|dev|val",
          "test", "test|testing|eval|evaluation");

  private static final Pattern SHARD =
      Pattern.compile("data/(\\w+(?:\\.\\w+)*)-[0-9]{5}-of-[0-9]{5}[^/]*\\.[^/]*");

  private static final Pattern FRONT_MATTER =
      Pattern.compile(
          "\\A\uFEFF?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", Pattern.DOTALL | Pattern.MULTILINE);

  private static Map<String, String> sorted(String... pairs) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return map;
  }

  /** Whether a name is one of a file of rows, compressed or not. */
  static boolean isNameOfData(String path) {
    return Type.of(path).isPresent();
  }

  /**
   * The files of a split, sorted.
   *
   * @param config the configuration; empty for the only or default one
   * @param split empty for {@code train} where there are splits
   */
  List<Path> files(Optional<String> config, Optional<String> split) throws IOException {
    refusePart(split);
    Map<String, List<Path>> splits = splits(config);
    List<Path> files;
    if (split.isPresent()) {
      files = splits.getOrDefault(split.get(), List.of());
      if (files.isEmpty()) {
        throw wrong(
            "split",
            "%s is none of the splits of %s: %s"
                .formatted(split.get(), name, listed(splits.keySet())));
      }
    } else if (splits.containsKey(TRAIN)) {
      files = splits.get(TRAIN);
    } else {
      throw wrong(
          "split",
          "%s has no split %s; name one of %s".formatted(name, TRAIN, listed(splits.keySet())));
    }
    return ofOneType(files);
  }

  private void refusePart(Optional<String> split) {
    if (split.isPresent() && (split.get().contains("[") || split.get().contains("+"))) {
      throw wrong(
          "split",
          "%s: parts and sums of splits are not built; name a whole split, and take part of it with where, weight or max_steps"
              .formatted(split.get()));
    }
  }

  private Map<String, List<Path>> splits(Optional<String> config) throws IOException {
    Map<String, Mapping> configs = configs();
    if (!configs.isEmpty()) {
      Mapping chosen = chosen(configs, config);
      Optional<Node> files = value(chosen, "data_files");
      DatasetFolder base =
          new DatasetFolder(
              text(value(chosen, "data_dir")).map(this::within).orElse(folder), name, key);
      return files.isPresent() ? base.named(files.get()) : base.byNames();
    }
    if (config.isPresent() && !config.get().equals("default")) {
      Path part = within(config.get());
      if (!Files.isDirectory(part)) {
        throw wrong(
            "name",
            "%s has no configuration %s: neither its %s nor a folder is called so; leave it out, or mend it"
                .formatted(name, config.get(), CARD));
      }
      return new DatasetFolder(part, name + "/" + config.get(), key).byNames();
    }
    return byNames();
  }

  private Path within(String path) {
    Path part = folder.resolve(path).normalize();
    if (!part.startsWith(folder.normalize())) {
      throw wrong(
          "path",
          "%s names files outside of its folder: %s; name them yourself".formatted(name, path));
    }
    return part;
  }

  // What names say.

  private Map<String, List<Path>> byNames() throws IOException {
    Path dictionary = folder.resolve(DICTIONARY);
    if (Files.isRegularFile(dictionary)) {
      Map<String, List<Path>> splits = new LinkedHashMap<>();
      for (JsonNode split : json(dictionary).path("splits")) {
        splits.put(split.asText(), saved(within(split.asText())));
      }
      return splits;
    }
    if (Files.isRegularFile(folder.resolve(STATE))) {
      return Map.of(TRAIN, saved(folder));
    }
    Map<String, Path> files = dataFiles();
    Map<String, List<Path>> shards = new TreeMap<>();
    files.forEach(
        (path, file) -> {
          Matcher shard = SHARD.matcher(path);
          if (shard.matches()) {
            shards.computeIfAbsent(shard.group(1), split -> new ArrayList<>()).add(file);
          }
        });
    if (!shards.isEmpty()) {
      return shards;
    }
    Map<String, List<Path>> byFolder = byKeywords(files, DatasetFolder::folderMatches);
    if (!byFolder.isEmpty()) {
      return byFolder;
    }
    Map<String, List<Path>> byFile = byKeywords(files, DatasetFolder::fileMatches);
    return byFile.isEmpty() ? Map.of(TRAIN, List.copyOf(files.values())) : byFile;
  }

  /** Tells whether a path has a name that stands for a split. */
  @FunctionalInterface
  private interface Matching {
    boolean test(String path, String keywords);
  }

  private static Map<String, List<Path>> byKeywords(Map<String, Path> files, Matching matching) {
    Map<String, List<Path>> splits = new LinkedHashMap<>();
    KEYWORDS.forEach(
        (split, keywords) -> {
          Predicate<Map.Entry<String, Path>> fits = e -> matching.test(e.getKey(), keywords);
          List<Path> found =
              files.entrySet().stream().filter(fits).map(Map.Entry::getValue).toList();
          if (!found.isEmpty()) {
            splits.put(split, found);
          }
        });
    return splits;
  }

  private static boolean folderMatches(String path, String keywords) {
    String folders = path.substring(0, path.lastIndexOf('/') + 1);
    return Pattern.compile("(^|/|%1$s)(%2$s)(%1$s[^/]*)?/".formatted(EDGE, keywords))
        .matcher(folders)
        .find();
  }

  private static boolean fileMatches(String path, String keywords) {
    String file = path.substring(path.lastIndexOf('/') + 1);
    return Pattern.compile("(^|%1$s)(%2$s)%1$s".formatted(EDGE, keywords)).matcher(file).find();
  }

  /** The files of data in it, by their paths within it, sorted. */
  private Map<String, Path> dataFiles() throws IOException {
    Map<String, Path> files = new TreeMap<>();
    for (Path below : DatasetFiles.withFoldersBelow(folder)) {
      if (folder.relativize(below).toString().contains("__")) {
        continue; // As __pycache__.
      }
      try (DirectoryStream<Path> children = Files.newDirectoryStream(below)) {
        for (Path child : children) {
          String file = String.valueOf(child.getFileName());
          if (Files.isRegularFile(child)
              && !DatasetFiles.isHidden(child)
              && isNameOfData(file)
              && !NO_DATA.contains(file)) {
            files.put(folder.relativize(child).toString().replace('\\', '/'), child);
          }
        }
      }
    }
    return files;
  }

  /** What {@code save_to_disk} wrote: other files beside it are caches. */
  private List<Path> saved(Path part) throws IOException {
    List<Path> files = new ArrayList<>();
    for (JsonNode file : json(part.resolve(STATE)).path("_data_files")) {
      files.add(new DatasetFolder(part, name, key).within(file.path("filename").asText()));
    }
    return files;
  }

  private JsonNode json(Path file) throws IOException {
    return JsonRow.of(new RawRow(Place.line(file.toString(), 1), Files.readAllBytes(file)))
        .fields();
  }

  // What the card says.

  private Map<String, Mapping> configs() throws IOException {
    Map<String, Mapping> configs = new LinkedHashMap<>();
    Path card = folder.resolve(CARD);
    Matcher yaml = FRONT_MATTER.matcher(Files.isRegularFile(card) ? Files.readString(card) : "");
    if (!yaml.find()) {
      return configs;
    }
    // The line before it keeps the numbers of lines.
    Node root = YamlTree.ofFile("\n" + yaml.group(1), card.toString(), new Problems());
    if (root instanceof Mapping mapping
        && value(mapping, "configs").orElse(root) instanceof Sequence sequence) {
      for (Node item : sequence.items()) {
        if (item instanceof Mapping config) {
          text(value(config, "config_name")).ifPresent(given -> configs.put(given, config));
        }
      }
    }
    return configs;
  }

  private Mapping chosen(Map<String, Mapping> configs, Optional<String> config) {
    Optional<String> wanted = config;
    if (wanted.isEmpty() && configs.size() == 1) {
      wanted = configs.keySet().stream().findFirst();
    }
    if (wanted.isEmpty()) {
      wanted =
          configs.entrySet().stream()
              .filter(
                  e ->
                      e.getKey().equals("default")
                          || text(value(e.getValue(), "default")).equals(Optional.of("true")))
              .map(Map.Entry::getKey)
              .findFirst();
    }
    Mapping chosen = configs.get(wanted.orElse(""));
    if (chosen == null) {
      throw wrong(
          "name",
          config
                  .map(given -> "%s is none of the configurations of %s: ".formatted(given, name))
                  .orElse("%s has several configurations; name one of ".formatted(name))
              + listed(configs.keySet()));
    }
    return chosen;
  }

  /** Splits as {@code data_files} of a card lists them. */
  private Map<String, List<Path>> named(Node dataFiles) throws IOException {
    Map<String, List<Path>> splits = new LinkedHashMap<>();
    List<Node> items =
        dataFiles instanceof Sequence sequence ? sequence.items() : List.of(dataFiles);
    for (Node item : items) {
      if (item instanceof Mapping mapping) {
        String split = text(value(mapping, "split")).orElse(TRAIN);
        for (Node path : value(mapping, "path").map(DatasetFolder::each).orElse(List.of())) {
          splits.computeIfAbsent(split, s -> new ArrayList<>()).addAll(matching(path));
        }
      } else {
        splits.computeIfAbsent(TRAIN, s -> new ArrayList<>()).addAll(matching(item));
      }
    }
    return splits;
  }

  private List<Path> matching(Node pattern) throws IOException {
    String text = text(Optional.of(pattern)).orElse("");
    within(text.replaceAll("[*?\\[\\]{}]", "x"));
    List<Path> found = DatasetFiles.expand(folder, text, key + ".path");
    return found.stream()
        .filter(Files::isRegularFile)
        .filter(file -> !NO_DATA.contains(String.valueOf(file.getFileName())))
        .map(Path::normalize)
        .toList();
  }

  private static List<Node> each(Node node) {
    return node instanceof Sequence sequence ? sequence.items() : List.of(node);
  }

  private static Optional<Node> value(Mapping mapping, String key) {
    return Optional.ofNullable(mapping.entries().get(key)).map(Mapping.Entry::value);
  }

  private static Optional<String> text(Optional<Node> node) {
    return node.filter(n -> n instanceof Scalar && !n.isNull()).map(n -> ((Scalar) n).text());
  }

  // What is taken.

  /** The same rows may lie in it as two types, and a text beside them is a licence. */
  private List<Path> ofOneType(List<Path> files) {
    SortedMap<Type, List<Path>> types = new TreeMap<>();
    for (Path file : files) {
      Type.of(file.toString())
          .ifPresent(type -> types.computeIfAbsent(type, t -> new ArrayList<>()).add(file));
    }
    if (types.size() > 1) {
      types.remove(Type.TEXT);
    }
    if (types.size() > 1) {
      throw wrong(
          "path",
          "%s holds files of %s, which may be the same rows; name those that are meant, as %s/*%s"
              .formatted(
                  name,
                  types.keySet().stream().map(type -> type.word).collect(joining(" and ")),
                  name,
                  types.firstKey().endings().findFirst().orElseThrow()));
    }
    if (types.isEmpty()) {
      String endings =
          Stream.of(Type.values()).flatMap(Type::endings).sorted().collect(joining(", "));
      throw wrong(
          "path",
          "%s is a folder without files of rows, whose names end with %s; name its files, as %s/*.jsonl"
              .formatted(name, endings, name));
    }
    return List.copyOf(new TreeSet<>(types.values().iterator().next()));
  }

  private static String listed(Collection<String> words) {
    return words.stream().collect(joining(", "));
  }

  private InputException wrong(String part, String sentence) {
    return new InputException(key + "." + part + ": " + sentence);
  }
}
