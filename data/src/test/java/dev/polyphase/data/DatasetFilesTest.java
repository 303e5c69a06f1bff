package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    refused("data", "data is a folder; name its files, as data/*.jsonl");
    refused("data/[a.jsonl", "[a.jsonl is no valid pattern");
  }

  private List<String> matching(String path) throws IOException {
    return DatasetFiles.matching(temp, path, "datasets[0].path").stream()
        .map(file -> temp.relativize(file).toString())
        .toList();
  }

  private void refused(String path, String sentence) {
    assertThatThrownBy(() -> matching(path))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("datasets[0].path: ")
        .hasMessageContaining(sentence);
  }
}
