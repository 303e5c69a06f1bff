package dev.polyphase.orchestrator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.data.DatasetHub;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which files of a repository are downloaded: as few as are needed. */
sealed interface WantedFiles {

  /** Those that say which others are wanted, and come first. */
  SortedSet<String> first(Set<String> names);

  /**
   * All that are wanted.
   *
   * @param snapshot the folder that those of {@link #first} are in
   * @throws InputException if the repository does not hold what it was named for
   */
  SortedSet<String> all(Repository repository, Set<String> names, Path snapshot) throws IOException;

  /** Whether a folder of which nobody knows what belongs to it looks like having it all. */
  boolean seemThere(Path snapshot) throws IOException;

  private static SortedSet<String> matching(Set<String> names, Predicate<String> wanted) {
    return names.stream().filter(wanted).collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * What a model is without its weights: configuration, tokenizer, templates, licence and card.
   * Left out are folders but that of templates, other formats' files, and pictures.
   */
  record OfTokenizer() implements WantedFiles {
    private static final Pattern NAMES =
        Pattern.compile(
            "(?!.*\\.index(\\.[^./]+)?\\.json$)[^/]+\\.(json|jinja|model|py|tiktoken)"
                + "|additional_chat_templates/[^/]+\\.jinja"
                + "|(merges|vocab)\\.txt"
                + "|(?i:(readme|licen[sc]e|notice|copying|use_policy)([_-][^/.]*)?(\\.(md|txt|rst))?)");

    @Override
    public SortedSet<String> first(Set<String> names) {
      return new TreeSet<>();
    }

    @Override
    public SortedSet<String> all(Repository repository, Set<String> names, Path snapshot) {
      return matching(names, name -> NAMES.matcher(name).matches() && !isHidden(name));
    }

    @Override
    public boolean seemThere(Path snapshot) {
      return Stream.of("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
          .anyMatch(name -> Files.isRegularFile(snapshot.resolve(name)));
    }

    private static boolean isHidden(String name) {
      return name.startsWith(".");
    }
  }

  /**
   * A whole model. Of its weights the one file {@code model.safetensors} or, where that is not
   * there, those that the index names: what is loaded, and no copy of it in another format.
   */
  record OfModel() implements WantedFiles {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final OfTokenizer BESIDES = new OfTokenizer();

    @Override
    public SortedSet<String> first(Set<String> names) {
      return matching(names, name -> name.equals(INDEX) && !names.contains(SINGLE));
    }

    @Override
    public SortedSet<String> all(Repository repository, Set<String> names, Path snapshot)
        throws IOException {
      SortedSet<String> all = BESIDES.all(repository, names, snapshot);
      if (names.contains(SINGLE)) {
        all.add(SINGLE);
        return all;
      }
      if (!names.contains(INDEX)) {
        throw new InputException(
            "the %s has neither %s nor %s%s; name a model that has its weights as safetensors"
                .formatted(
                    repository.words(),
                    SINGLE,
                    INDEX,
                    names.contains("adapter_config.json")
                        ? ", it is an adapter of another model"
                        : ""));
      }
      Path index = snapshot.resolve(INDEX);
      all.add(INDEX);
      for (String file : weights(index)) {
        if (!names.contains(file)) {
          throw new InputException(
              Place.in(index.toString()),
              "the %s has no file %s, which this names; name a model that is whole"
                  .formatted(repository.words(), file));
        }
        all.add(file);
      }
      return all;
    }

    @Override
    public boolean seemThere(Path snapshot) throws IOException {
      if (!Files.isRegularFile(snapshot.resolve("config.json")) || !BESIDES.seemThere(snapshot)) {
        return false;
      }
      Path index = snapshot.resolve(INDEX);
      return Files.isRegularFile(snapshot.resolve(SINGLE))
          || (Files.isRegularFile(index)
              && weights(index).stream()
                  .allMatch(name -> Files.isRegularFile(snapshot.resolve(name))));
    }

    /** What is wrong with an index is for those to say who read the weights. */
    private static SortedSet<String> weights(Path index) throws IOException {
      SortedSet<String> files = new TreeSet<>();
      for (JsonNode file : JsonFile.object(index).path("weight_map")) {
        files.add(file.asText());
      }
      return files;
    }
  }

  /**
   * Rows in files of a known type, and the card that says which are of which split.
   *
   * @param choice which of them
   */
  record OfDataset(DatasetHub.Choice choice) implements WantedFiles {
    private static final Pattern ROWS =
        Pattern.compile(
            "(?i).*\\.(jsonl|json|ndjson|csv|tsv|parquet|arrow|feather|txt)(\\.(gz|zst|bz2|xz|lz4))?");

    private static final Pattern CONTENTS =
        Pattern.compile("README\\.md|(.*/)?(state|dataset_dict)\\.json");

    /** Whether a name is that of a file of rows. */
    static boolean isRows(String name) {
      return ROWS.matcher(name).matches();
    }

    @Override
    public SortedSet<String> first(Set<String> names) {
      return matching(names, name -> CONTENTS.matcher(name).matches() && isSeen(name));
    }

    @Override
    public SortedSet<String> all(Repository repository, Set<String> names, Path snapshot)
        throws IOException {
      SortedSet<String> rows = matching(names, name -> isRows(name) && isSeen(name));
      SortedSet<String> contents = first(names);
      if (contents.containsAll(rows)) {
        throw new InputException(
            "the %s has no files of rows (JSONL, JSON, CSV, TSV, Parquet, Arrow or text); download"
                    .formatted(repository.words())
                + " and convert it, and name the folder");
      }
      SortedSet<String> all = chosen(rows, contents, snapshot);
      all.retainAll(rows);
      all.addAll(contents);
      return all;
    }

    private SortedSet<String> chosen(Set<String> rows, Set<String> contents, Path snapshot)
        throws IOException {
      try (TemporaryFolder temporary = TemporaryFolder.create("outline")) {
        Path outline = temporary.path();
        for (String name : rows) {
          Path file = outline.resolve(name);
          Files.createDirectories(file.getParent());
          Files.createFile(file);
        }
        for (String name : contents) {
          Path file = outline.resolve(name);
          Files.createDirectories(file.getParent());
          Files.copy(snapshot.resolve(name), file, StandardCopyOption.REPLACE_EXISTING);
        }
        SortedSet<String> chosen = new TreeSet<>();
        for (Path file : choice.of(outline)) {
          chosen.add(outline.relativize(file).toString().replace('\\', '/'));
        }
        return chosen;
      }
    }

    private static boolean isSeen(String name) {
      return Stream.of(name.split("/", -1)).noneMatch(part -> part.startsWith("."));
    }

    /** Which files belong to a split, only the hub knows. */
    @Override
    public boolean seemThere(Path snapshot) {
      return false;
    }
  }
}
