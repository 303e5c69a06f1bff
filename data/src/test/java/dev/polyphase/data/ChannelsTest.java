package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelsTest {

  @ParameterizedTest
  @CsvSource({
    "math.jsonl, math",
    "data/math-v2.5.jsonl.gz, math-v2.5",
    "data/Math.JSON, Math",
    "data/german/*.parquet, german",
    "data/german/part-*.parquet, part",
    "data/**/*.jsonl, data",
    "'data/{a,b}/train-[0-9].csv', train",
    "data/chats/, chats",
    "*, rows",
    "/data/rows.tar, rows.tar",
    "HuggingFaceH4/ultrafeedback_v1.5, ultrafeedback_v1.5",
    "../../.., rows",
  })
  void areTheLastPartOfThePathThatIsAName(String path, String name) {
    assertThat(Channels.of(List.of(dataset(path)))).containsExactly(name);
  }

  @Test
  void tellSameNamesApart() {
    assertThat(of("a/train.jsonl", "b/train.jsonl", "train-2.jsonl", "c/train.csv"))
        .containsExactly("train", "train-2", "train-2-2", "train-3");
  }

  /** Datasets that say so are one channel; one that doesn't is never taken for one of them. */
  @Test
  void areSharedByDatasetsThatSaySo() {
    assertThat(
            Channels.of(
                List.of(
                    dataset("math.jsonl"), channel("math"), dataset("b.jsonl"), channel("math"))))
        .containsExactly("math-2", "math", "b", "math");
  }

  private static List<String> of(String... paths) {
    return Channels.of(Arrays.stream(paths).map(ChannelsTest::dataset).toList());
  }

  private static Dataset dataset(String path) {
    return new Dataset(path, RowType.AUTO, 1);
  }

  private static Dataset channel(String name) {
    Dataset plain = dataset("x.jsonl");
    return new Dataset(
        plain.path(),
        plain.type(),
        plain.name(),
        plain.split(),
        plain.revision(),
        plain.where(),
        Optional.of(name),
        plain.weight(),
        plain.ignoreColumns(),
        plain.chatTemplateKwargs(),
        plain.fields(),
        plain.roles(),
        plain.loss());
  }
}
