package dev.polyphase.orchestrator.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFoldersTest {
  @TempDir Path folder;

  @Test
  void theCacheIsWhereHuggingFacesToolsHaveIt() {
    Path home = Path.of("/home/me");

    assertThat(ModelFolders.of(Map.of(), home).cache())
        .isEqualTo(Path.of("/home/me/.cache/huggingface/hub"));
    assertThat(ModelFolders.of(Map.of("HF_HOME", "/data/hf"), home).cache())
        .isEqualTo(Path.of("/data/hf/hub"));
    assertThat(ModelFolders.of(Map.of("HF_HOME", "/data/hf", "HF_HUB_CACHE", "/hub"), home).cache())
        .isEqualTo(Path.of("/hub"));
  }

  @Test
  void anIdIsTheSnapshotThatMainPointsTo() throws IOException {
    Path repository = folder.resolve("hub/models--Qwen--Qwen2.5-14B");
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/97e1e767"));
    Files.createDirectories(repository.resolve("snapshots/0ldc0mm1"));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), "97e1e767\n");

    ModelFolders models = new ModelFolders(folder.resolve("hub"));
    assertThat(models.resolve("Qwen/Qwen2.5-14B", folder)).isEqualTo(snapshot);
    assertThat(models.isId("Qwen/Qwen2.5-14B", folder)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../secret", "..", ".", "/secret", "a/b", "a\0b", ""})
  void aRevisionStaysInTheCache(String revision) throws IOException {
    Files.createDirectories(folder.resolve("secret"));
    Path repository = folder.resolve("hub/models--o--n");
    Files.createDirectories(repository.resolve("snapshots/a/b"));
    Path main = Files.createDirectories(repository.resolve("refs")).resolve("main");
    Files.writeString(main, revision);

    ModelFolders models = new ModelFolders(folder.resolve("hub"));
    assertThatThrownBy(() -> models.resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(main + ": ");
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

    ModelFolders models = new ModelFolders(folder.resolve("hub"));
    assertThatThrownBy(() -> models.resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(link + ": ");
  }

  @Test
  void aFolderComesBeforeAnId() throws IOException {
    Path local = Files.createDirectories(folder.resolve("Qwen/Qwen2.5-14B"));

    ModelFolders models = new ModelFolders(folder.resolve("hub"));
    assertThat(models.resolve("Qwen/Qwen2.5-14B", folder)).isEqualTo(local);
    assertThat(models.isId("Qwen/Qwen2.5-14B", folder)).isFalse();
  }

  @Test
  void whatIsNowhereIsNamedWithThePlacesLookedAt() {
    ModelFolders models = new ModelFolders(folder.resolve("hub"));

    assertThatThrownBy(() -> models.resolve("Qwen/Qwen3-8B", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("neither the folder " + folder.resolve("Qwen/Qwen3-8B"))
        .hasMessageContaining("nor in the Hugging Face cache " + folder.resolve("hub"));
    assertThatThrownBy(() -> models.resolve("../secret/model", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is no folder");
  }
}
