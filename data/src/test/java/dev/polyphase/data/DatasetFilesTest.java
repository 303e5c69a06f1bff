package dev.polyphase.data;

import static dev.polyphase.data.RowFiles.dataset;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetFilesTest {
  @TempDir Path temp;

  @BeforeEach
  void files() throws IOException {
    for (String file :
        List.of(
            "data/b.jsonl",
            "data/a.jsonl",
            "data/a.txt",
            "data/.hidden.jsonl",
            "data/de/c.jsonl",
            "data/de/deep/d.jsonl",
            "data/[x].jsonl",
            "beside/e.jsonl")) {
      Path path = temp.resolve(file);
      Files.createDirectories(path.getParent());
      Files.createFile(path);
    }
  }

  @Test
  void findsWhatAPatternMatchesInOrder() throws IOException {
    assertThat(matching("data/a.jsonl")).containsExactly("data/a.jsonl");
    assertThat(matching("data/*.jsonl"))
        .containsExactly("data/[x].jsonl", "data/a.jsonl", "data/b.jsonl");
    assertThat(matching("data/?.{jsonl,txt}"))
        .containsExactly("data/a.jsonl", "data/a.txt", "data/b.jsonl");
    assertThat(matching("data/*/c.jsonl")).containsExactly("data/de/c.jsonl");
    assertThat(matching("data/**/[b-d].jsonl"))
        .containsExactly("data/b.jsonl", "data/de/c.jsonl", "data/de/deep/d.jsonl");
    assertThat(matching("data/../beside/*")).containsExactly("beside/e.jsonl");
    assertThat(matching(temp.resolve("beside") + "/*.jsonl")).containsExactly("beside/e.jsonl");
  }

  @Test
  void takesAFileWhoseNameLooksLikeAPattern() throws IOException {
    assertThat(matching("data/[x].jsonl")).containsExactly("data/[x].jsonl");
  }

  @Test
  void saysWhatDoesNotMatch() {
    refused("data/z.jsonl", "datasets[0].path: no file matches data/z.jsonl in " + temp);
    refused("none/*.jsonl", "no file matches none/*.jsonl");
    refused("data/a.jsonl/*", "no file matches");
    refused("data/d*", "no file matches data/d*");
    refused("data/[a.jsonl", "[a.jsonl is no valid pattern");
  }

  @Test
  void aFolderIsItsFilesOfRows() throws IOException {
    files("plain/b.jsonl.gz", "plain/a.json", "plain/README.md", "plain/LICENSE.txt", "plain/x.py");
    files("plain/.cache/c.jsonl", "plain/__pycache__/d.json", "plain/sub/e.jsonl");
    files("plain/dataset_info.json", "plain/.gitattributes");
    assertThat(matching("plain"))
        .containsExactly("plain/a.json", "plain/b.jsonl.gz", "plain/sub/e.jsonl");
    assertThat(split("plain", "train")).hasSize(3);
    refused(
        dataset("plain", null, "test", null, null),
        ".split: test is none of the splits of plain: train");
    files("both/a.jsonl", "both/a.parquet", "both/LICENSE.txt");
    refused("both", "both holds files of JSON and Parquet, which may be the same rows; name those");
    files("none/README.md", "none/model.safetensors");
    refused("none", "none is a folder without files of rows, whose names end with .arrow, .csv, ");
    files("texts/a.txt", "texts/b.txt");
    assertThat(matching("texts")).hasSize(2);
  }

  /** As load_dataset of Hugging Face's datasets finds them, tried with version 5.2.0. */
  @Test
  void splitsAreToldByNames() throws IOException {
    files("shards/data/train-00000-of-00002.parquet", "shards/data/train-00001-of-00002.parquet");
    files(
        "shards/data/train_sft-00000-of-00001.parquet", "shards/data/test-00000-of-00001.parquet");
    files("shards/train.parquet");
    assertThat(matching("shards"))
        .containsExactly(
            "shards/data/train-00000-of-00002.parquet", "shards/data/train-00001-of-00002.parquet");
    assertThat(split("shards", "train_sft"))
        .containsExactly("shards/data/train_sft-00000-of-00001.parquet");
    refused(
        dataset("shards", null, "validation", null, null),
        ".split: validation is none of the splits of shards: test, train, train_sft");

    files("folders/train/a.jsonl", "folders/my-dev-set/b.jsonl", "folders/test/train.jsonl");
    files("folders/other/c.jsonl");
    assertThat(matching("folders")).containsExactly("folders/train/a.jsonl");
    assertThat(split("folders", "validation")).containsExactly("folders/my-dev-set/b.jsonl");
    assertThat(split("folders", "test")).containsExactly("folders/test/train.jsonl");

    files(
        "names/train.jsonl", "names/my_training-2.jsonl", "names/mytrain.jsonl", "names/dev.jsonl");
    files("names/eval.0.jsonl", "names/rest.jsonl");
    assertThat(matching("names")).containsExactly("names/my_training-2.jsonl", "names/train.jsonl");
    assertThat(split("names", "validation")).containsExactly("names/dev.jsonl");
    assertThat(split("names", "test")).containsExactly("names/eval.0.jsonl");

    files("held/test.jsonl", "held/val.jsonl");
    refused("held", "held has no split train; name one of validation, test");
    refused(
        dataset("names", null, "train[:1%]", null, null),
        ".split: train[:1%]: parts and sums of splits are not built; name a whole split");
    refused(dataset("names", null, "train+test", null, null), "are not built");
  }

  @Test
  void aCardNamesConfigurationsAndTheirFiles() throws IOException {
    files(
        "card/en/a.jsonl", "card/en/b.jsonl", "card/de/t.jsonl", "card/de/v.jsonl", "card/x.jsonl");
    card(
        """
        license: mit
        configs:
        - config_name: en
          data_files: "en/*.jsonl"
        - config_name: de
          default: true
          data_files:
          - split: train
            path: [de/t.jsonl, x.jsonl]
          - split: held_out
            path: de/v*
        - config_name: all
          data_dir: de
        - config_name: outside
          data_files: ../beside/*.jsonl
        """);
    assertThat(matching("card")).containsExactly("card/de/t.jsonl", "card/x.jsonl");
    assertThat(split("card", "held_out")).containsExactly("card/de/v.jsonl");
    assertThat(config("en")).containsExactly("card/en/a.jsonl", "card/en/b.jsonl");
    assertThat(config("all")).containsExactly("card/de/t.jsonl", "card/de/v.jsonl");
    refused(
        dataset("card", "fr", null, null, null),
        ".name: fr is none of the configurations of card: en, de, all, outside");
    refused(
        dataset("card", "outside", null, null, null),
        ".path: card names files outside of its folder: ../beside/");
    card(
        "configs:\n- config_name: en\n  data_files: en/a.jsonl\n- config_name: de\n  data_files: x.jsonl\n");
    refused("card", ".name: card has several configurations; name one of en, de");
    card("license: mit\n");
    assertThat(config("de")).containsExactly("card/de/t.jsonl", "card/de/v.jsonl");
    refused(
        dataset("card", "fr", null, null, null), ".name: card has no configuration fr: neither");
  }

  @Test
  void whatDatasetsSavedToDiskIsReadBySplits() throws IOException {
    Path saved = RowFiles.made("saved");
    assertThat(found(dataset(saved.toString()))).hasSize(1);
    assertThat(RowFiles.rows(found(dataset(saved.toString())).get(0)))
        .containsExactly(":row 1 {\"text\":\"a\"}", ":row 2 {\"text\":\"b\"}");
    Path test = found(dataset(saved.toString(), null, "test", null, null)).get(0);
    assertThat(RowFiles.rows(test)).containsExactly(":row 1 {\"text\":\"c\"}");
    // Caches that datasets leaves beside them are no rows.
    Path copy = Files.createDirectory(temp.resolve("copy"));
    for (String name : List.of("state.json", "dataset_info.json", "data-00000-of-00001.arrow")) {
      Files.copy(saved.resolve("train").resolve(name), copy.resolve(name));
    }
    files("copy/cache-0123.arrow");
    assertThat(matching("copy")).containsExactly("copy/data-00000-of-00001.arrow");
  }

  @Test
  void aFileHasNeitherSplitsNorConfigurationsNorRevisions() throws IOException {
    assertThat(split("data/a.jsonl", "train")).containsExactly("data/a.jsonl");
    refused(
        dataset("data/a.jsonl", null, "test", null, null),
        ".split: test was asked for, and a file has no splits; leave it out");
    refused(
        dataset("data/*.jsonl", "en", null, null, null),
        ".name: en was asked for, and a pattern of files has no configurations; leave it out");
    refused(
        dataset("data", null, null, "main", null),
        ".revision: main was asked for, and a folder has no revisions; leave it out");
  }

  @Test
  void anIdIsAskedOfTheHubWhereNoFileIsCalledSo() throws IOException {
    files("snapshot/data/test-00000-of-00001.parquet", "org/here/a.jsonl");
    List<String> asked = new ArrayList<>();
    DatasetHub hub =
        (id, revision) -> {
          asked.add(id + "@" + revision.orElse(""));
          return id.equals("org/known") ? Optional.of(temp.resolve("snapshot")) : Optional.empty();
        };
    Dataset known = dataset("org/known", null, "test", "v1", null);
    assertThat(DatasetFiles.of(temp, known, "datasets[0]", hub))
        .containsExactly(temp.resolve("snapshot/data/test-00000-of-00001.parquet"));
    assertThat(DatasetFiles.of(temp, dataset("org/here"), "datasets[0]", hub)).hasSize(1);
    for (String path : List.of("org/unknown", "org/rows.jsonl", "org/x/y", "org/rows.csv.gz")) {
      assertThatThrownBy(() -> DatasetFiles.of(temp, dataset(path), "datasets[0]", hub))
          .hasMessageStartingWith("datasets[0].path: no file matches " + path + " in ");
    }
    assertThat(asked).containsExactly("org/known@v1", "org/unknown@");
  }

  @Test
  void theTildeIsTheUsersHome() throws IOException {
    String home = System.getProperty("user.home");
    System.setProperty("user.home", temp.toString());
    try {
      assertThat(matching("~/data/a.jsonl")).containsExactly("data/a.jsonl");
      assertThat(matching("~/data/?.jsonl")).hasSize(2);
    } finally {
      System.setProperty("user.home", home);
    }
  }

  private void files(String... names) throws IOException {
    for (String name : names) {
      Path path = temp.resolve(name);
      Files.createDirectories(path.getParent());
      Files.createFile(path);
    }
  }

  private void card(String yaml) throws IOException {
    Files.writeString(temp.resolve("card/README.md"), "---\n" + yaml + "---\n# Card\n---\n");
  }

  private List<String> config(String name) throws IOException {
    return relative(dataset("card", name, null, null, null));
  }

  private List<String> split(String path, String split) throws IOException {
    return relative(dataset(path, null, split, null, null));
  }

  private List<String> matching(String path) throws IOException {
    return relative(dataset(path));
  }

  private List<Path> found(Dataset dataset) throws IOException {
    return DatasetFiles.of(temp, dataset, "datasets[0]", DatasetHub.NONE);
  }

  private List<String> relative(Dataset dataset) throws IOException {
    return found(dataset).stream().map(file -> temp.relativize(file).toString()).toList();
  }

  private void refused(String path, String sentence) {
    refused(dataset(path), sentence);
  }

  private void refused(Dataset dataset, String sentence) {
    assertThatThrownBy(() -> found(dataset))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("datasets[0].")
        .hasMessageContaining(sentence);
  }
}
