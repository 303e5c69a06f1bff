package dev.polyphase.orchestrator.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found without a network. */
class ModelFoldersTest {
  @TempDir Path folder;

  private ModelFolders models() {
    return new ModelFolders(
        Hub.of(
            Map.of("HF_HUB_CACHE", folder.resolve("hub").toString(), "HF_HUB_OFFLINE", "1"),
            folder,
            "test",
            new RecordedDownload(),
            time -> {}));
  }

  @Test
  void theCacheIsWhereHuggingFacesToolsHaveIt() {
    Path home = Path.of("/home/me");

    assertThat(HubCache.of(Map.of(), home).folder())
        .isEqualTo(Path.of("/home/me/.cache/huggingface/hub"));
    assertThat(HubCache.of(Map.of("XDG_CACHE_HOME", "/var/cache"), home).folder())
        .isEqualTo(Path.of("/var/cache/huggingface/hub"));
    assertThat(HubCache.of(Map.of("HF_HOME", "/data/hf"), home).folder())
        .isEqualTo(Path.of("/data/hf/hub"));
    assertThat(HubCache.of(Map.of("HF_HOME", "~/hf"), home).folder())
        .isEqualTo(Path.of("/home/me/hf/hub"));
    assertThat(HubCache.of(Map.of("HF_HOME", "/data/hf", "HF_HUB_CACHE", "/hub"), home).folder())
        .isEqualTo(Path.of("/hub"));
  }

  @Test
  void anIdIsTheSnapshotThatMainPointsTo() throws IOException {
    Path repository = folder.resolve("hub/models--Qwen--Qwen2.5-14B");
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/97e1e767"));
    Path older = Files.createDirectories(repository.resolve("snapshots/0ldc0mm1"));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), "97e1e767\n");
    Files.writeString(repository.resolve("refs/v1.0"), "0ldc0mm1");

    assertThat(models().resolve("Qwen/Qwen2.5-14B", folder)).isEqualTo(snapshot);
    assertThat(models().resolve("Qwen/Qwen2.5-14B@v1.0", folder)).isEqualTo(older);
    assertThat(ModelFolders.id("Qwen/Qwen2.5-14B", folder)).contains("Qwen/Qwen2.5-14B");
    assertThat(ModelFolders.id("Qwen/Qwen2.5-14B@v1.0", folder)).contains("Qwen/Qwen2.5-14B");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../secret", "..", ".", "/secret", "a/b", "a\0b", ""})
  void aRevisionStaysInTheCache(String revision) throws IOException {
    Files.createDirectories(folder.resolve("secret"));
    Path repository = folder.resolve("hub/models--o--n");
    Files.createDirectories(repository.resolve("snapshots/a/b"));
    Path main = Files.createDirectories(repository.resolve("refs")).resolve("main");
    Files.writeString(main, revision);

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(main + ": ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "../main", "a/../../b", "/etc/passwd", "a//b", "a b", "x.lock"})
  void aRevisionThatIsNoneIsRefused(String revision) {
    assertThatThrownBy(() -> models().resolve("o/n@" + revision, folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("name a commit, branch or tag");
  }

  @Test
  void aSnapshotThatLeadsOutOfTheCacheIsRefused() throws IOException {
    Path repository = folder.resolve("hub/models--o--n");
    Path snapshots = Files.createDirectories(repository.resolve("snapshots"));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), "c0ffee");
    Path link =
        Files.createSymbolicLink(
            snapshots.resolve("c0ffee"), Files.createDirectory(folder.resolve("secret")));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(link + ": ");
  }

  @Test
  void aFolderComesBeforeAnId() throws IOException {
    Path local = Files.createDirectories(folder.resolve("Qwen/Qwen2.5-14B"));

    assertThat(models().resolve("Qwen/Qwen2.5-14B", folder)).isEqualTo(local);
    assertThat(ModelFolders.id("Qwen/Qwen2.5-14B", folder)).isEmpty();
  }

  @Test
  void whatIsNowhereIsNamedWithThePlacesLookedAt() {
    assertThatThrownBy(() -> models().resolve("Qwen/Qwen3-8B", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("neither the folder " + folder.resolve("Qwen/Qwen3-8B"))
        .hasMessageContaining("nor in the Hugging Face cache " + folder.resolve("hub"))
        .hasMessageContaining("HF_HUB_OFFLINE forbids downloads");
    assertThatThrownBy(() -> models().resolve("../secret/model", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is no folder");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"data/math.jsonl", "rows.parquet", "../rows", "data/*.json.gz", "a/b/c", "a--b/c"})
  void noDataSetIsAskedForWhereAFileIsMeant(String path) throws IOException {
    assertThat(models().snapshot(path, Optional.empty())).isEmpty();
  }
}
