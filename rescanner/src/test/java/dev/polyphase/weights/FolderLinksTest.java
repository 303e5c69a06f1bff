package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Links in the folder of a model that someone else made. */
class FolderLinksTest {
  @TempDir Path temporary;
  private Path base = Path.of("");
  private Path secret = Path.of("");

  @BeforeEach
  void model() throws IOException {
    base = Fixture.LLAMA.copyTo(temporary);
    secret = Files.writeString(temporary.resolve("shadow"), "secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "LICENSE",
        ".gitattributes",
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "model.safetensors",
        "model.safetensors.index.json",
        "adapter_config.json"
      })
  void noFileIsTakenFromElsewhere(String name) throws IOException {
    Path link = base.resolve(name);
    Files.createDirectories(link.getParent());
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, secret);

    assertThatThrownBy(() -> Checkpoint.open(base))
        .isInstanceOf(InputException.class)
        .hasMessage(
            link
                + ": this is a link to "
                + secret
                + ", out of the model's folder; put the file itself in its place, or remove the"
                + " link");
  }

  @Test
  void noFileBelowIsCarriedOverFromElsewhere() throws IOException {
    Path link = Files.createDirectory(base.resolve("original")).resolve("params.json");
    Files.createSymbolicLink(link, secret);
    Checkpoint opened = Checkpoint.open(base);

    assertThatThrownBy(
            () -> CheckpointWriter.requireCarried(opened, temporary.resolve("runs/r/model")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(link + ": this is a link to " + secret);
  }

  @Test
  void everyLinkIsNamed() throws IOException {
    Files.createSymbolicLink(base.resolve("a"), Path.of("../shadow"));
    Files.createSymbolicLink(base.resolve("b"), Path.of("a"));
    Files.createSymbolicLink(base.resolve("c"), Path.of("/"));

    assertThatThrownBy(() -> Checkpoint.open(base))
        .isInstanceOfSatisfying(
            InputException.class,
            wrong ->
                assertThat(wrong.problems())
                    .extracting(problem -> String.valueOf(problem.place()))
                    .containsExactlyInAnyOrder(base + "/a", base + "/b", base + "/c"));
  }

  @Test
  void aLinkThatIsPlantedAfterOpeningIsNotCopied() throws IOException {
    Checkpoint opened = Checkpoint.open(base);
    Files.createSymbolicLink(base.resolve("LICENSE"), secret);

    Path target = temporary.resolve("new");
    assertThatThrownBy(() -> CheckpointWriter.write(opened, target, Map.of(), Map.of()))
        .isInstanceOf(InputException.class);
    assertThat(target).doesNotExist();
  }

  @Test
  void linksWithinTheFolderAndToItAreFollowed() throws IOException {
    Files.writeString(base.resolve("LICENSE.txt"), "mine");
    Files.createSymbolicLink(base.resolve("LICENSE"), base.resolve("LICENSE.txt"));
    Files.createSymbolicLink(base.resolve("again"), base);
    Path named = Files.createSymbolicLink(temporary.resolve("latest"), base);

    Path target = temporary.resolve("new");
    CheckpointWriter.write(Checkpoint.open(named), target, Map.of(), Map.of());

    assertThat(target.resolve("LICENSE")).hasContent("mine");
    assertThat(Files.isSymbolicLink(target.resolve("LICENSE"))).isFalse();
    assertThat(target.resolve("again")).doesNotExist();
  }

  @Test
  void theHubsCacheIsMadeOfLinksToItsBlobs() throws IOException {
    Path repository = temporary.resolve("hub/models--o--n");
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/c0ffee"));
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.move(base.resolve(name), blobs.resolve("of-" + name));
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/of-" + name));
    }
    assertThat(Checkpoint.open(snapshot).tensors()).isNotEmpty();

    Path other = Files.createDirectories(temporary.resolve("hub/models--o--private/blobs"));
    Files.writeString(other.resolve("key"), "secret");
    Path licence =
        Files.createSymbolicLink(
            snapshot.resolve("LICENSE"), Path.of("../../../models--o--private/blobs/key"));
    assertThatThrownBy(() -> Checkpoint.open(snapshot)).hasMessageStartingWith(licence + ": ");

    Files.delete(licence);
    Files.createSymbolicLink(blobs.resolve("of-LICENSE"), secret);
    Files.createSymbolicLink(licence, Path.of("../../blobs/of-LICENSE"));
    assertThatThrownBy(() -> Checkpoint.open(snapshot)).hasMessageStartingWith(licence + ": ");
  }
}
