package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KernelTest {
  private NDManager manager;
  private Kernel arithmetic;

  @BeforeEach
  void load() {
    manager = Libtorch.newManager("cpu");
    arithmetic = load("arithmetic.py", Map.of("factor", 2.5));
  }

  @AfterEach
  void close() {
    arithmetic.close();
    manager.close();
  }

  @Test
  void takesTensorsListsAndConstants() {
    NDArray found =
        arithmetic
            .method("weighted_sum")
            .with(floats(1, 2))
            .withList("ones", List.of(floats(10, 20), floats(100, 200)))
            .withList("others", List.of(floats(4, 8)))
            .runForOne(manager);

    assertThat(found.toFloatArray()).containsExactly(1 + 110 + 10, 2 + 220 + 20);
  }

  @Test
  void aSourceMayBeOfSeveralFiles() {
    List<String> files = List.of("arithmetic.py", "more_arithmetic.py");
    try (Kernel both = Kernel.load(manager, KernelTest.class, files, Map.of("factor", 2.5))) {
      NDArray found =
          both.method("scaled_remainder").with(floats(7, 9)).with(floats(2, 4)).runForOne(manager);

      assertThat(found.toFloatArray()).containsExactly(2.5f, 2.5f);
    }
  }

  @Test
  void givesSeveralResultsToTheManagerNamed() {
    NDList found;
    try (NDManager scratch = manager.newSubManager()) {
      found = arithmetic.method("divide").with(floats(7, 9)).with(floats(2, 4)).run(scratch);

      assertThat(found.get(0).toFloatArray()).containsExactly(3, 2);
      assertThat(found.get(1).toFloatArray()).containsExactly(1, 1);
      assertThat(found).allSatisfy(array -> assertThat(array.getManager()).isSameAs(scratch));
    }
    assertThatThrownBy(() -> found.get(0).toFloatArray()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void differentiatesOnlyWhereAskedTo() {
    NDArray x = floats(1, 2, 3);
    for (int turn = 0; turn < 2; turn++) {
      NDList slope = arithmetic.method("slope").with(x).runWithAutograd(manager);
      assertThat(slope.singletonOrThrow().toFloatArray()).containsExactly(3, 12, 27);
      assertThatThrownBy(() -> arithmetic.method("slope").with(x).run(manager))
          .isInstanceOf(OperationFailedException.class)
          .hasMessage("libtorch failed at a computation on cpu; --debug shows its message")
          .hasRootCauseInstanceOf(EngineException.class)
          .rootCause()
          .hasMessageContaining("does not require grad");
    }
  }

  @Test
  void worksOnEveryThread() throws InterruptedException {
    float[][] found = new float[1][];
    Thread other =
        new Thread(
            () -> {
              NDList slope = arithmetic.method("slope").with(floats(2)).runWithAutograd(manager);
              found[0] = slope.singletonOrThrow().toFloatArray();
            });
    other.start();
    other.join();
    assertThat(found[0]).containsExactly(12);
  }

  @Test
  void constantWithoutAValueIsNamed() {
    assertThatThrownBy(() -> load("arithmetic.py", Map.of("divisor", 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("arithmetic.py has a constant without a value: {{factor}}");
  }

  @Test
  void mistakesAreExceptions() {
    assertThatThrownBy(() -> load("missing.py", Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("missing.py");
    assertThatThrownBy(() -> load("broken.py", Map.of()))
        .isInstanceOf(OperationFailedException.class)
        .hasRootCauseInstanceOf(EngineException.class);
    assertThatThrownBy(() -> arithmetic.method("cube").with(floats(1)).run(manager))
        .isInstanceOf(OperationFailedException.class)
        .rootCause()
        .hasMessageContaining("cube");
    assertThatThrownBy(() -> arithmetic.method("divide").with(floats(1)).run(manager))
        .isInstanceOf(OperationFailedException.class);
    assertThatThrownBy(() -> arithmetic.method("weighted_sum").withList("ones", List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the list 'ones' of weighted_sum is empty");
  }

  private Kernel load(String resource, Map<String, ?> constants) {
    return Kernel.load(manager, KernelTest.class, resource, constants);
  }

  private NDArray floats(float... values) {
    return manager.create(values);
  }
}
