package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CompiledSourceTest {
  /** More than are kept for the next user. */
  private static final int MANY = 40;

  @Test
  void isOneUsersUntilItIsGivenBack() throws Exception {
    CompiledSource first = CompiledSource.of(source(-1));
    CompiledSource second = CompiledSource.of(source(-1));
    first.giveBack();
    CompiledSource third = CompiledSource.of(source(-1));

    assertThat(second).isNotSameAs(first);
    assertThat(third).isSameAs(first);
    second.giveBack();
    third.giveBack();
  }

  @Test
  void theLatestThatWereGivenBackAreKept() throws Exception {
    List<CompiledSource> compiled = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      compiled.add(CompiledSource.of(source(i)));
      compiled.get(i).giveBack();
    }

    CompiledSource latest = CompiledSource.of(source(MANY - 1));
    CompiledSource oldest = CompiledSource.of(source(0));

    assertThat(latest).isSameAs(compiled.get(MANY - 1));
    assertThat(oldest).as("compiled anew").isNotSameAs(compiled.get(0));
    latest.giveBack();
    oldest.giveBack();
  }

  @Test
  void whatIsInUseStaysAndAKernelGivesItBackOnce() throws Exception {
    List<Kernel> kernels = new ArrayList<>();
    try (NDManager manager = Libtorch.newManager("cpu")) {
      for (int i = 0; i < MANY; i++) {
        kernels.add(Kernel.load(manager, KernelTest.class, "arithmetic.py", Map.of("factor", i)));
      }
      Kernel closed = Kernel.load(manager, KernelTest.class, "arithmetic.py", Map.of("factor", 0));
      closed.close();
      closed.close();
      for (int i = 0; i < 2; i++) {
        kernels.add(Kernel.load(manager, KernelTest.class, "arithmetic.py", Map.of("factor", 0)));
      }
      kernels.get(MANY).close();

      for (int i = 0; i < MANY; i++) {
        NDArray found =
            kernels
                .get(i)
                .method("weighted_sum")
                .with(manager.create(new float[] {1}))
                .withList("ones", List.of(manager.create(new float[] {10})))
                .withList("others", List.of(manager.create(new float[] {4})))
                .runForOne(manager);
        assertThat(found.toFloatArray()).containsExactly(1 + 10 + i * 4);
      }
    } finally {
      kernels.forEach(Kernel::close);
    }
  }

  private static String source(int number) {
    return """
    class K(Module):
      __parameters__ = []
      __buffers__ = []
      training : bool

      def f(self: __torch__.K, x: Tensor) -> Tensor:
        return torch.add(x, %d)
    """
        .formatted(number);
  }
}
