package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;

/** The optimisers by name: the one place that knows them all. */
public final class UpdateRules {
  private UpdateRules() {}

  /**
   * How many values' states are in float32 at a time, where they rest in less: on the CPU what its
   * caches hold, on a GPU enough to make the calls worth their start.
   */
  static long valuesAtOnce(boolean gpu) {
    return gpu ? 1 << 24 : 1 << 20;
  }

  /**
   * An optimiser without states.
   *
   * @param keys what it rounds at random by, if it does
   * @param halves whether masters are in halves
   */
  static UpdateRule of(NDManager manager, Optimizer settings, RoundingKeys keys, boolean halves) {
    return switch (settings.name()) {
      case ADAMW -> new AdamW(manager, settings, halves);
      case ADAMW_BF16 -> new AdamWBf16(manager, settings, keys, halves);
      case ADAMW_8BIT -> new AdamW8Bit(manager, settings, halves);
      case ADAFACTOR -> new Adafactor(manager, halves);
      case LION -> new Lion(manager, settings, halves);
      case MUON -> new Muon(manager, settings, halves);
    };
  }

  /** The bytes of an optimiser's states for one parameter, its count of steps left out. */
  public static long stateBytes(Optimizer.Name name, Parameter parameter) {
    return switch (name) {
      case ADAMW -> AdamW.stateBytes(parameter);
      case ADAMW_BF16 -> AdamWBf16.stateBytes(parameter);
      case ADAMW_8BIT -> AdamW8Bit.stateBytes(parameter);
      case ADAFACTOR -> Adafactor.stateBytes(parameter);
      case LION -> Lion.stateBytes(parameter);
      case MUON -> Muon.stateBytes(parameter);
    };
  }

  /**
   * The most by which one update moves a value, in multiples of the rate and without weight decay:
   * a bound for any gradients, which those of training are far from.
   */
  public static double largestUpdate(Optimizer settings, Parameter parameter) {
    return switch (settings.name()) {
      case ADAMW -> AdamW.largestUpdate(settings);
      // What their moments are rounded to is off by less than half.
      case ADAMW_BF16, ADAMW_8BIT -> 2 * AdamW.largestUpdate(settings);
      case ADAFACTOR -> Adafactor.largestUpdate(parameter);
      case LION -> 1;
      case MUON -> Muon.largestUpdate(settings, parameter);
    };
  }

  /**
   * The bytes that an optimiser takes while it updates a parameter, beside master, gradient and
   * states; counted from the kernels. Parameters are updated one by one, and what one took is free
   * for the next: a step needs the largest.
   *
   * @param gpu whether the parameter is on a GPU
   */
  public static long workBytes(Optimizer.Name name, Parameter parameter, boolean gpu) {
    return switch (name) {
      // One fused kernel, all in place.
      case ADAMW -> 0;
      case ADAMW_BF16 -> AdamWBf16.workBytes(parameter, gpu);
      case ADAMW_8BIT -> AdamW8Bit.workBytes(parameter, gpu);
      case ADAFACTOR -> Adafactor.workBytes(parameter);
      case LION -> Lion.workBytes(parameter);
      case MUON -> Muon.workBytes(parameter, gpu);
    };
  }

  /**
   * What it takes beyond that where a master is in halves and its gradient of 16 bits: both in
   * float32, and the bits of one of them.
   */
  public static long halvesBytes(Optimizer.Name name, Parameter parameter, boolean gpu) {
    long atOnce =
        switch (name) {
          case ADAMW, ADAMW_BF16, ADAMW_8BIT -> Math.min(parameter.values(), valuesAtOnce(gpu));
          case ADAFACTOR, LION, MUON -> parameter.values();
        };
    return (2 * Float.BYTES + Integer.BYTES) * atOnce;
  }
}
