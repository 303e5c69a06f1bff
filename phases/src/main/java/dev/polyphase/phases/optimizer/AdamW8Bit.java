package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW with states of 8 bits, quantised by blocks (Dettmers et al. 2022). Tensors of fewer than
 * 4,096 values keep float32 states, as with bitsandbytes.
 */
final class AdamW8Bit implements UpdateRule {
  static final int BLOCK = 256;
  private static final long LEAST_VALUES = 4096;

  private final Kernel kernel;
  private final AdamW small;
  final States<State> states;
  private final NDArray signed;
  private final NDArray signedNearest;
  private final NDArray unsigned;
  private final NDArray unsignedNearest;

  AdamW8Bit(NDManager manager, Optimizer settings) {
    this(manager, settings, UpdateRules.valuesAtOnce(manager.getDevice().isGpu()) / BLOCK);
  }

  AdamW8Bit(NDManager manager, Optimizer settings, long blocksAtOnce) {
    Map<String, Object> constants = new HashMap<>(AdamW.constants(settings));
    constants.put("blocks", blocksAtOnce);
    constants.put("table_steps", DynamicMap.STEPS);
    this.kernel = Kernel.load(manager, AdamW8Bit.class, "adamw_8bit.py", constants);
    this.small = new AdamW(manager, settings);
    this.states = new States<>(manager, State::zero);
    this.signed = manager.create(DynamicMap.signed());
    this.signedNearest = codes(manager, DynamicMap.signed());
    this.unsigned = manager.create(DynamicMap.unsigned());
    this.unsignedNearest = codes(manager, DynamicMap.unsigned());
  }

  static long stateBytes(Parameter parameter) {
    long values = parameter.values();
    // A code a value, and a float32 scale a block.
    return values < LEAST_VALUES
        ? AdamW.stateBytes(parameter)
        : 2 * blocks(values) * (BLOCK + Float.BYTES);
  }

  /**
   * Of a part, three times four bytes a value: while one moment is quantised the other in float32,
   * the values that are looked for, and their places in the table.
   */
  static long workBytes(Parameter parameter, boolean gpu) {
    long values = parameter.values();
    return values < LEAST_VALUES
        ? 0
        : 3 * Float.BYTES * Math.min(blocks(values) * BLOCK, UpdateRules.valuesAtOnce(gpu));
  }

  @Override
  public void update(UpdateGroup group, NDManager scratch) {
    small.update(group.only(item -> item.master().size() < LEAST_VALUES), scratch);
    group
        .only(item -> item.master().size() >= LEAST_VALUES)
        .update(kernel, "update", states, this::giveStates, scratch);
  }

  private void giveStates(Kernel.Call call, List<State> current) {
    call.withList("m", current.stream().map(State::firstMoment).toList())
        .withList("mscales", current.stream().map(State::firstScales).toList())
        .withList("root", current.stream().map(State::root).toList())
        .withList("rootscales", current.stream().map(State::rootScales).toList())
        .withList("steps", current.stream().map(State::steps).toList())
        .with(signed)
        .with(signedNearest)
        .with(unsigned)
        .with(unsignedNearest);
  }

  @Override
  public void forget(String name) {
    small.forget(name);
    states.forget(name);
  }

  @Override
  public void close() {
    small.close();
    kernel.close();
  }

  private static NDArray codes(NDManager manager, float[] map) {
    byte[] codes = DynamicMap.nearest(map);
    return manager.create(ByteBuffer.wrap(codes), new Shape(codes.length), DataType.UINT8);
  }

  private static long blocks(long values) {
    return (values + BLOCK - 1) / BLOCK;
  }

  /**
   * One parameter's states.
   *
   * @param firstMoment uint8 {@code [blocks, 256]}
   * @param firstScales float32 {@code [blocks, 1]}
   * @param root of the second moment, uint8 {@code [blocks, 256]}
   * @param rootScales float32 {@code [blocks, 1]}
   * @param steps how many updates it has seen, float32 {@code []}
   */
  record State(
      NDArray firstMoment, NDArray firstScales, NDArray root, NDArray rootScales, NDArray steps) {
    /** The scales are 0, and with them all values, whatever the codes. */
    static State zero(NDManager owner, NDArray master) {
      Shape codes = new Shape(blocks(master.size()), BLOCK);
      Shape scales = new Shape(blocks(master.size()), 1);
      return new State(
          owner.zeros(codes, DataType.UINT8),
          owner.zeros(scales, DataType.FLOAT32),
          owner.zeros(codes, DataType.UINT8),
          owner.zeros(scales, DataType.FLOAT32),
          owner.zeros(new Shape(), DataType.FLOAT32));
    }
  }
}
