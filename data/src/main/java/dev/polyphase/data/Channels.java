package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What metrics call datasets, as in {@code loss/NAME}. */
public final class Channels {
  /** Of files, compressed ones too; a hub's {@code v1.5} is a part of a name. */
  private static final Pattern ENDINGS =
      Pattern.compile(
          "(\\.(jsonl|ndjson|json|csv|tsv|parquet|arrow|txt|text))?(\\.(gz|gzip|zst|bz2|xz))?$",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern PLACEHOLDERS = Pattern.compile("[*?]|\\[[^]]*]|\\{[^}]*}");

  /** Where a path says nothing but placeholders. */
  private static final String ANY = "rows";

  private Channels() {}

  /**
   * The names of datasets, in their order: the {@code channel} that each says, which several may
   * share, or else the last part of its path that is a name, without endings, and numbered where
   * there is one before it.
   */
  public static List<String> of(List<Dataset> datasets) {
    Set<String> taken = new HashSet<>();
    datasets.forEach(dataset -> dataset.channel().ifPresent(taken::add));
    List<String> names = new ArrayList<>();
    for (Dataset dataset : datasets) {
      names.add(dataset.channel().orElseGet(() -> free(inPath(dataset.path()), taken)));
    }
    return List.copyOf(names);
  }

  private static String free(String name, Set<String> taken) {
    String free = name;
    for (int number = 2; !taken.add(free); number++) {
      free = name + "-" + number;
    }
    return free;
  }

  private static String inPath(String path) {
    String[] parts = path.split("[/\\\\]", -1);
    for (int i = parts.length - 1; i >= 0; i--) {
      String named = PLACEHOLDERS.matcher(parts[i]).replaceAll("");
      String name = ENDINGS.matcher(named).replaceFirst("");
      // What placeholders leave over, as the hyphen of part-*: no name begins or ends so.
      name = name.replaceAll("^[-_.~ ]+|[-_. ]+$", "");
      if (!name.isEmpty()) {
        return name;
      }
    }
    return ANY;
  }
}
