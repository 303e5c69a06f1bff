package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.TrainedMasters;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Masters in halves are updated as whole ones are, and gradients of 16 bits as their values. */
class HalvedMastersTest {
  private static final String MATRIX = "model.layers.0.mlp.up_proj.weight";
  private static final Shape SHAPE = new Shape(96, 71);

  @ParameterizedTest
  @EnumSource(Optimizer.Name.class)
  void updatesAreThoseOfWholeMasters(Optimizer.Name name) {
    Optimizer settings = new Optimizer(name, 0.9, 0.99, 1e-8, 0.1);
    Random random = new Random(5);
    try (NDManager manager = Libtorch.newManager("cpu");
        TrainedMasters masters = new TrainedMasters(manager);
        OptimizerStep whole = new OptimizerStep(manager, settings, 1);
        OptimizerStep halved = new OptimizerStep(manager, settings, 1);
        OptimizerStep narrow = new OptimizerStep(manager, settings, 1)) {
      NDArray first = manager.create(gaussians(random, 0.02f), SHAPE);
      NDArray master = first.duplicate();
      TrainedPart one = part(new Master.Whole(master), master);
      Master halves = masters.halves(first, manager);
      TrainedPart other = part(halves, halves.upper());
      Master more = masters.halves(first, manager);
      TrainedPart third = part(more, more.upper());
      for (int step = 1; step <= 4; step++) {
        // What 16 bits hold, so that all of them get the same.
        NDArray sixteen = masters.sixteenBits(manager.create(gaussians(random, 0.1f), SHAPE));
        NDArray gradient = sixteen.toType(DataType.FLOAT32, true);
        float norm = step(whole, one, gradient.duplicate(), step, manager);
        assertThat(step(halved, other, gradient, step, manager)).isEqualTo(norm);
        assertThat(step(narrow, third, sixteen, step, manager)).isEqualTo(norm);
        assertThat(halves.values(manager).toFloatArray()).isEqualTo(master.toFloatArray());
        assertThat(more.values(manager).toFloatArray()).isEqualTo(master.toFloatArray());
      }
      assertThat(master.toFloatArray()).isNotEqualTo(first.toFloatArray());
    }
  }

  private static TrainedPart part(Master master, NDArray compute) {
    return new TrainedTensor(MATRIX, 0, 1, master, compute).parts().get(0);
  }

  private static float step(
      OptimizerStep optimizer, TrainedPart part, NDArray gradient, int step, NDManager manager) {
    part.moveGradient(gradient);
    GradientNorm norm = optimizer.norm(List.of(part), manager);
    optimizer.update(step, List.of(part), norm, 1e-2);
    return norm.value();
  }

  private static float[] gaussians(Random random, float size) {
    float[] values = new float[(int) SHAPE.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = size * (float) random.nextGaussian();
    }
    return values;
  }
}
