package dev.polyphase.phases.model;

import dev.polyphase.kernels.Libtorch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;

/**
 * Takes the passes of a step through the stages. Where there are several of both, the passes
 * overlap: each place has a thread of its own, which takes the turns of its stages in the order of
 * {@link TurnOrder}. What is computed is the same, and in each stage in the same order.
 *
 * <p>A manager knows its arrays by their addresses, and forgets an address a moment after the array
 * there is freed. So no two threads may use a manager at once of which one frees arrays, as every
 * kernel does: each pass has its own, and so has each place for its gradients. To the step's own
 * arrays are only added.
 */
final class Pipeline implements AutoCloseable {
  private final Devices devices;
  private final List<Stage> stages;
  private final Map<Integer, ExecutorService> threads = new HashMap<>();
  private TurnObserver observer = TurnObserver.NOBODY;

  Pipeline(Devices devices, List<Stage> stages) {
    this.devices = devices;
    this.stages = stages;
  }

  /** Tells of the turns of passes that overlap: tests ask whether they do. */
  void observe(TurnObserver by) {
    observer = by;
  }

  /** Whether the passes of a step overlap, if there are so many. */
  boolean overlaps(int passes) {
    return stages.size() > 1 && passes > 1;
  }

  /**
   * Takes passes up and down through all stages. What a stage throws, this throws, once no thread
   * is at work any more.
   *
   * @param passes how many
   * @param begin makes each of them, in order; they are closed here
   * @param oneAtATime whether no two stages may be at work at once, as where they draw from the
   *     generators that all threads share; a device may still be
   */
  void run(int passes, IntFunction<Pass> begin, boolean oneAtATime) {
    if (!overlaps(passes)) {
      for (int pass = 0; pass < passes; pass++) {
        try (Pass alone = begin.apply(pass)) {
          upAndDown(alone);
        }
      }
      return;
    }
    Map<Integer, List<Turn>> turns =
        TurnOrder.ofPlaces(stages.stream().map(Stage::place).toList(), passes);
    PipelineRun run = new PipelineRun(stages, begin, oneAtATime, observer, turns.size());
    int kernelThreads = Libtorch.threads();
    turns.forEach((place, own) -> begin(place, own, kernelThreads, run));
    run.await();
  }

  /** Has a place's thread take its turns. Where it can't be had, the run has failed. */
  private void begin(int place, List<Turn> turns, int kernelThreads, PipelineRun run) {
    try {
      thread(place)
          .execute(
              () ->
                  run.take(
                      turns,
                      () -> {
                        // On a CPU the order of sums depends on it.
                        if (Libtorch.threads() != kernelThreads) {
                          Libtorch.useThreads(kernelThreads);
                        }
                      }));
    } catch (RuntimeException | OutOfMemoryError e) {
      run.takeNone(e);
    }
  }

  private void upAndDown(Pass pass) {
    stages.forEach(stage -> stage.forward(pass));
    for (int stage = stages.size() - 1; stage >= 0; stage--) {
      stages.get(stage).backward(pass);
    }
  }

  private ExecutorService thread(int place) {
    return threads.computeIfAbsent(
        place,
        it ->
            Executors.newSingleThreadExecutor(
                work -> {
                  String device = Libtorch.deviceName(devices.manager(it));
                  Thread thread = new Thread(work, "place %d (%s)".formatted(it, device));
                  thread.setDaemon(true);
                  return thread;
                }));
  }

  @Override
  public void close() {
    threads.values().forEach(ExecutorService::shutdown);
  }
}
