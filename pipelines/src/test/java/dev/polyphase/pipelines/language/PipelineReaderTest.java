package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipelineReaderTest {

  @Test
  void reportsAllProblemsAtOnceInTheOrderOfTheFile() {
    String yaml =
        """
        name: ..
        base_modle: model
        phases:
          - name: one
            type: sft
            targeting: {top_percent: 250}
            datasets: []
            learning_rate: fast
            shufle: yes
          - name: one
            type: dpo
            targeting: {method: full}
            datasets: [{path: a.jsonl, weight: -1}]
            learning_rate: 1.0e-6
            dpo: {beta: 0}
        """;
    assertThatThrownBy(() -> PipelineReader.parse(yaml, "p.yaml", List.of()))
        .hasMessage(
            """
            p.yaml:1:1: base_model: is missing; give a model's folder, its id, or \
            {init: random, config: FILE, tokenizer: FOLDER}
            p.yaml:1:7: name: is ..; give up to 100 letters, digits, '.', '_' and '-' that begin \
            with a letter or digit and hold no '..'
            p.yaml:2:1: base_modle: is no key of this block; did you mean base_model?
            p.yaml:6:30: phases[0].targeting.top_percent: is 250; give a number of at least 0.0001 and at \
            most 100, or adaptive
            p.yaml:7:15: phases[0].datasets: is an empty list; give at least one entry
            p.yaml:8:20: phases[0].learning_rate: is fast; give a number above 0 and at most 1000
            p.yaml:9:5: phases[0].shufle: is no key of this block; did you mean shuffle?
            p.yaml:10:5: phases[1].name: is one, as an earlier phase; give each phase its own name
            p.yaml:13:40: phases[1].datasets[0].weight: is -1; give a number above 0 and at most 1000
            p.yaml:15:17: phases[1].dpo.beta: is 0; give a number above 0 and at most 1000""");
  }

  @Test
  void refusesWhatIsNoFile(@TempDir Path folder) {
    Path missing = folder.resolve("missing.yaml");
    assertThatThrownBy(() -> PipelineReader.read(missing, List.of()))
        .hasMessage(missing + ": there is no such file; give the path of a pipeline file");
    assertThatThrownBy(() -> PipelineReader.read(folder, List.of()))
        .hasMessage(folder + ": this is a folder, and a file is needed");
  }

  @Test
  void refusesWhatIsTooLongToBeAPipeline(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (RandomAccessFile model = new RandomAccessFile(file.toFile(), "rw")) {
      model.setLength(5_000_000_000L); // sparse: takes no space
    }
    assertThatThrownBy(() -> PipelineReader.read(file, List.of()))
        .hasMessage(file + ": it is too long for a pipeline; is it another file?");
  }

  @Test
  void refusesWhatIsNotUtf8(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("latin1.yaml"), new byte[] {'a', (byte) 0xE4});
    assertThatThrownBy(() -> PipelineReader.read(file, List.of()))
        .hasMessage(file + ": it is not text in UTF-8; save it in UTF-8");
  }
}
