package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatedKeysTest {
  private static final Path DATED = Path.of("src/test/resources/valid/dated.yaml");
  private static final LocalDate DATE = LocalDate.of(2026, 3, 9);

  @Test
  void putsTheDateIntoTheNameAndTheFolderOfRuns() throws IOException {
    Pipeline pipeline = PipelineReader.read(DATED, List.of(), DATE);
    assertThat(pipeline.name()).isEqualTo("2026-03-09-night.2026-03-09");
    assertThat(pipeline.outputDir()).isEqualTo("runs/2026-03-09");
  }

  @Test
  void takesTodayWhereNoDateIsGiven() throws IOException {
    LocalDate before = LocalDate.now(ZoneId.systemDefault());
    String folder = PipelineReader.read(DATED, List.of()).outputDir();
    LocalDate after = LocalDate.now(ZoneId.systemDefault());
    assertThat(List.of("runs/" + before, "runs/" + after)).contains(folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"name=night-{date}", "name='night-{date}'", "name=night-2026-03-09"})
  void putsTheDateIntoWhatTheCommandLineSets(String set) throws IOException {
    assertThat(PipelineReader.read(DATED, List.of(set), DATE).name()).isEqualTo("night-2026-03-09");
  }

  /** What a run's folder keeps is read on any other day as the same. */
  @Test
  void theDateIsFixedInWhatIsWritten() throws IOException {
    Pipeline pipeline = PipelineReader.read(DATED, List.of(), DATE);
    String written = PipelineWriter.toYaml(pipeline);
    assertThat(written).doesNotContain("{");
    assertThat(PipelineReader.parse(written, "written", List.of(), DATE.plusDays(1)))
        .isEqualTo(pipeline);
  }

  @Test
  void aNameIsAsLongAsItIsWithTheDate() throws IOException {
    String ninety = "{date}".repeat(9);
    assertThat(PipelineReader.read(DATED, List.of("name=a" + ninety), DATE).name()).hasSize(91);
    assertThatThrownBy(() -> PipelineReader.read(DATED, List.of("name=aaaaaaaaaaa" + ninety), DATE))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("--set name=aaaaaaaaaaa" + ninety)
        .hasMessageContaining("give up to 100 letters");
  }

  @Test
  void saysWhereOtherBracesAreSet() {
    assertThatThrownBy(() -> PipelineReader.read(DATED, List.of("name=a-{time}"), DATE))
        .hasMessage(
            "--set name=a-{time}: name: holds {time}, and only {date} stands for something; write"
                + " that, or no braces");
  }
}
