package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.pipelines.Optimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Updates in a process of its own: prints how much memory they took that was free again after. */
final class MeasuredUpdate {
  private static final Path STATUS = Path.of("/proc/self/status");

  private MeasuredUpdate() {}

  /** Arguments: the optimiser, the parameter's name, its rows and its columns. */
  public static void main(String[] arguments) throws IOException {
    Optimizer settings = new Optimizer(Optimizer.Name.valueOf(arguments[0]), 0.9, 0.99, 1e-8, 0.01);
    Shape shape = new Shape(Long.parseLong(arguments[2]), Long.parseLong(arguments[3]));
    try (NDManager manager = Libtorch.newManager("cpu");
        OptimizerStep optimizer = new OptimizerStep(manager, settings, 0)) {
      NDArray master = manager.randomNormal(shape);
      TrainedPart part =
          new TrainedTensor(arguments[1], 0, 1, new Master.Whole(master), master).parts().get(0);
      part.moveGradient(manager.randomNormal(shape));
      List<TrainedPart> parts = List.of(part);
      // The first makes the states.
      for (int step = 1; step <= 2; step++) {
        optimizer.update(step, parts, optimizer.norm(parts, manager), 1e-3);
      }
      System.out.println((kibibytes("VmHWM:") - kibibytes("VmRSS:")) * 1024);
    }
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }
}
