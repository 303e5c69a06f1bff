package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.pipelines.Optimizer;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW with states of 8 bits, quantised by blocks (Dettmers et al. 2022). Tensors of fewer than
 * 4,096 values keep float32 states, as with bitsandbytes.
 *
 * <p>States: {@code m} and {@code root}, the codes of the first moment and of the second one's
 * root, uint8 {@code [blocks, 256]}; {@code mscales} and {@code rootscales}, float32 {@code
 * [blocks, 1]}; and {@code steps}, how many updates it has seen, float32 {@code []}.
 */
final class AdamW8Bit implements UpdateRule {
  static final int BLOCK = 256;
  private static final long LEAST_VALUES = 4096;

  private final Kernel kernel;
  private final AdamW small;
  private final NDArray signed;
  private final NDArray signedNearest;
  private final NDArray unsigned;
  private final NDArray unsignedNearest;

  AdamW8Bit(NDManager manager, Optimizer settings, boolean halves) {
    this(manager, settings, halves, UpdateRules.valuesAtOnce(manager.getDevice().isGpu()) / BLOCK);
  }

  AdamW8Bit(NDManager manager, Optimizer settings, boolean halves, long blocksAtOnce) {
    Map<String, Object> constants = new HashMap<>(AdamW.constants(settings));
    constants.put("blocks", blocksAtOnce);
    constants.put("table_steps", DynamicMap.STEPS);
    this.kernel = UpdateRule.load(manager, "adamw_8bit.py", constants, halves);
    this.small = new AdamW(manager, settings, halves);
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

  /** The scales are 0, and with them all values, whatever the codes. */
  @Override
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    if (isSmall(part)) {
      return small.newState(part, owner);
    }
    long blocks = blocks(part.master().shape().size());
    Shape codes = new Shape(blocks, BLOCK);
    Shape scales = new Shape(blocks, 1);
    return Map.of(
        "m", owner.zeros(codes, DataType.UINT8),
        "mscales", owner.zeros(scales, DataType.FLOAT32),
        "root", owner.zeros(codes, DataType.UINT8),
        "rootscales", owner.zeros(scales, DataType.FLOAT32),
        "steps", owner.zeros(new Shape(), DataType.FLOAT32));
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    small.update(parts.stream().filter(AdamW8Bit::isSmall).toList(), how, scratch);
    List<TrainedPart> large = parts.stream().filter(part -> !isSmall(part)).toList();
    if (!large.isEmpty()) {
      how.to(
              UpdateRule.call(
                      kernel, "update", large, "m", "mscales", "root", "rootscales", "steps")
                  .with(signed)
                  .with(signedNearest)
                  .with(unsigned)
                  .with(unsignedNearest))
          .run(scratch);
    }
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

  private static boolean isSmall(TrainedPart part) {
    return part.master().shape().size() < LEAST_VALUES;
  }
}
