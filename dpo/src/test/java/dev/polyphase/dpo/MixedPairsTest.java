package dev.polyphase.dpo;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pairs of several datasets, of which some are seen more often than others. */
class MixedPairsTest {
  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void modelAndPairs() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(4);
    run.write("more.jsonl", 3, new Random(8));
  }

  @Test
  void aWeightOfTwoIsTheDatasetNamedTwice() throws IOException {
    RecordingListener twice =
        train("twice", "datasets=[{path: pairs.jsonl}, {path: pairs.jsonl}, {path: more.jsonl}]");
    RecordingListener weighted =
        train("weighted", "datasets=[{path: pairs.jsonl, weight: 2}, {path: more.jsonl}]");

    for (int row = 0; row < twice.rows.size(); row++) {
      Map<String, Number> expected = twice.figures().get(row);
      Map<String, Number> found = weighted.figures().get(row);
      expected.keySet().removeIf(name -> name.startsWith("loss/"));
      assertThat(found).containsAllEntriesOf(expected);
    }
    assertSameBytes(
        folder.resolve("weighted/model.safetensors"), folder.resolve("twice/model.safetensors"));
    // Of 11 pairs in micro-batches of three and steps of two, two steps are an epoch.
    Map<String, Number> first = weighted.rows.get(1).values();
    assertThat(first.get("rewards/margins")).isEqualTo(0.0);
  }

  /** All pairs in one step: seven, four of them of the first dataset. */
  @Test
  void theLossOfADatasetIsTheMeanOverItsPairs() throws IOException {
    String[] whole = {"datasets=[{path: pairs.jsonl}, {path: more.jsonl}]", "micro_batch_size=7"};
    RecordingListener both = train("both", whole);

    Map<String, Number> before = both.rows.get(1).values();
    assertThat(before.get("loss/pairs").doubleValue()).isCloseTo(Math.log(2), within(1e-12));
    Map<String, Number> last = both.rows.get(2).values();
    double ofPairs = last.get("loss/pairs").doubleValue();
    double ofMore = last.get("loss/more").doubleValue();
    assertThat((4 * ofPairs + 3 * ofMore) / 7)
        .isCloseTo(last.get("loss").doubleValue(), within(1e-12));
    assertThat(ofPairs).isNotCloseTo(ofMore, within(1e-6));

    RecordingListener heldOut =
        train(
            "held-out",
            whole[0],
            whole[1],
            "eval_datasets=[{path: others.jsonl}, {path: more.jsonl}]",
            "datasets=[{path: pairs.jsonl}]");
    assertThat(heldOut.rows.get(0).values()).containsKeys("eval_loss/others", "eval_loss/more");
    assertThat(heldOut.rows.get(1).values().keySet()).noneMatch(name -> name.startsWith("loss/"));
  }

  private RecordingListener train(String result, String... settings) throws IOException {
    String[] all = new String[settings.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = "phases.one." + settings[i];
    }
    return run.train(result, Optional.empty(), all);
  }
}
