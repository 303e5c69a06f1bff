package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.data.DatasetFiles;
import dev.polyphase.data.DatasetHub;
import dev.polyphase.data.JsonRows;
import dev.polyphase.data.RowProblems;
import dev.polyphase.fixtures.Fifo;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.EndOfSequence;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** FIFOs in the places of files: to open one would wait for ever. */
@Timeout(60)
class NoFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "generation_config.json",
        "chat_template.jinja"
      })
  void aModelsFilesAreNotWaitedFor(String name) throws IOException {
    Path model = Fixture.LLAMA.copyTo(folder);
    Files.writeString(model.resolve("tokenizer.json"), "{}");
    Files.deleteIfExists(model.resolve(name));
    Path fifo = Fifo.make(model.resolve(name));

    assertThatThrownBy(() -> readAll(model))
        .isInstanceOf(InputException.class)
        .hasMessage(fifo + ": this is a FIFO, and a file is needed");
  }

  private static void readAll(Path model) throws IOException {
    ConfigReader.read(Checkpoint.open(model));
    EndOfSequence.idsIn(model);
    ChatTemplate.in(model);
    Tokenizer.open(model).close();
  }

  @Test
  void rowsAndWhatANewModelIsMadeOfAreNotWaitedFor() throws IOException {
    Path fifo = Fifo.make(folder.resolve("rows.jsonl"));
    String isFifo = "this is a FIFO, and a file is needed";
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Path outline = Files.createDirectory(folder.resolve("outline"));

    RowProblems problems = new RowProblems();
    JsonRows.read(fifo, problems, row -> {});
    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOf(InputException.class)
        .hasMessage(fifo + ": " + isFifo);
    assertThatThrownBy(() -> filesOf("rows.jsonl"))
        .isInstanceOf(InputException.class)
        .hasMessage("datasets.path: rows.jsonl: " + isFifo + "; rows are read several times");
    assertThatThrownBy(() -> filesOf("/dev/zero"))
        .hasMessageStartingWith("datasets.path: /dev/zero: this is a device");
    assertThatThrownBy(() -> new RandomModels().outline(fifo, tokenizer, outline))
        .isInstanceOf(InputException.class)
        .hasMessage(fifo + ": " + isFifo);
  }

  private List<Path> filesOf(String path) throws IOException {
    Dataset dataset = new Dataset(path, Dataset.RowType.AUTO, 1);
    return DatasetFiles.of(folder, dataset, "datasets", DatasetHub.NONE);
  }

  @Test
  void aNewModelTakesNoFileFromOutsideItsTokenizersFolder() throws IOException {
    Path config = Fixture.LLAMA.copyTo(folder).resolve("config.json");
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Path outline = Files.createDirectory(folder.resolve("outline"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    Path secret = Files.writeString(folder.resolve("shadow"), "secret");
    Path link = Files.createSymbolicLink(tokenizer.resolve("LICENSE"), secret);

    assertThatThrownBy(() -> new RandomModels().outline(config, tokenizer, outline))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(link + ": this is a link to " + secret);
    assertThatThrownBy(() -> Files.delete(outline.resolve("LICENSE")))
        .isInstanceOf(IOException.class);
  }
}
