package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts of a scan, on the shapes of a model of 72 billion parameters. */
final class ScanPartTest {
  private static final int LAYERS = 80;
  private static final long HIDDEN = 8192;
  private static final long INNER = 29568;
  private static final long KEYS = 1024;

  /** The head and the embeddings are one tensor. */
  private static final ScanTargets MODEL = model();

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 7, 16, 1000})
  void eachModuleIsInOnePartAndKeepsItsOrder(int count) {
    List<ScanTarget> all = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      List<ScanTarget> part = new ScanPart(number, count).of(MODEL).targets();
      assertThat(part).isSortedAccordingTo((a, b) -> Integer.compare(place(a), place(b)));
      all.addAll(part);
    }

    assertThat(all).containsExactlyInAnyOrderElementsOf(MODEL.targets());
  }

  /** The largest matrix, the embeddings, is as much work as five projections of the MLP. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 7, 16})
  void allPartsAreAboutTheSameWork(int count) {
    long least = Long.MAX_VALUE;
    long most = 0;
    for (int number = 1; number <= count; number++) {
      long work = work(new ScanPart(number, count).of(MODEL));
      least = Math.min(least, work);
      most = Math.max(most, work);
    }

    assertThat(most).isLessThan(least + least / 20);
  }

  /** Each matrix goes to the part with the least work so far, which is at most the mean. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 7, 16, 50, 200})
  void noPartIsAMatrixAboveTheMean(int count) {
    long largest = MODEL.targets().stream().mapToLong(ScanTarget::work).max().orElseThrow();
    long mean = work(MODEL) / count;

    for (int number = 1; number <= count; number++) {
      assertThat(work(new ScanPart(number, count).of(MODEL))).isLessThanOrEqualTo(mean + largest);
    }
  }

  @Test
  void modulesThatShareATensorStayTogether() {
    for (int number = 1; number <= 4; number++) {
      List<String> modules =
          new ScanPart(number, 4)
              .of(MODEL).targets().stream().map(target -> target.module().text()).toList();

      assertThat(modules.contains("lm_head")).isEqualTo(modules.contains("model.embed_tokens"));
    }
  }

  @Test
  void ofMorePartsThanMatricesSomeAreEmpty() {
    ScanTargets two = new ScanTargets(MODEL.targets().subList(0, 2));

    assertThat(new ScanPart(1, 3).of(two).matrices()).isEqualTo(1);
    assertThat(new ScanPart(2, 3).of(two).matrices()).isEqualTo(1);
    assertThat(new ScanPart(3, 3).of(two).targets()).isEmpty();
    assertThat(new ScanPart(999_999_999, 999_999_999).of(two).targets()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0, 4", "5, 4", "-1, 4", "0, 0", "1, 0"})
  void whatIsNoPartIsRefused(int number, int count) {
    assertThatThrownBy(() -> new ScanPart(number, count))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "there is no part %d of %d; parts are numbered from 1 to as many as there are",
            number, count);
  }

  private static int place(ScanTarget target) {
    return MODEL.targets().indexOf(target);
  }

  private static long work(ScanTargets targets) {
    return targets.targets().stream()
        .filter(target -> !target.module().text().equals("lm_head"))
        .mapToLong(ScanTarget::work)
        .sum();
  }

  private static ScanTargets model() {
    List<ScanTarget> targets = new ArrayList<>();
    targets.add(target("lm_head", tensor("model.embed_tokens.weight", 152064, HIDDEN)));
    addLayers(targets, "mlp.down_proj", HIDDEN, INNER);
    addLayers(targets, "mlp.gate_proj", INNER, HIDDEN);
    addLayers(targets, "mlp.up_proj", INNER, HIDDEN);
    targets.add(target("model.embed_tokens", tensor("model.embed_tokens.weight", 152064, HIDDEN)));
    addLayers(targets, "self_attn.k_proj", KEYS, HIDDEN);
    addLayers(targets, "self_attn.o_proj", HIDDEN, HIDDEN);
    addLayers(targets, "self_attn.q_proj", HIDDEN, HIDDEN);
    addLayers(targets, "self_attn.v_proj", KEYS, HIDDEN);
    return new ScanTargets(targets);
  }

  private static void addLayers(List<ScanTarget> targets, String type, long rows, long columns) {
    for (int layer = 0; layer < LAYERS; layer++) {
      String module = "model.layers." + layer + "." + type;
      targets.add(target(module, tensor(module + ".weight", rows, columns)));
    }
  }

  private static ScanTarget target(String module, TensorInfo tensor) {
    return new ScanTarget(new ModuleName(module), module, tensor, tensor.elements());
  }

  private static TensorInfo tensor(String name, long rows, long columns) {
    return new TensorInfo(
        name, ElementType.BF16, List.of(rows, columns), Path.of("none"), 0, 2 * rows * columns);
  }
}
