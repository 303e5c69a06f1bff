package dev.polyphase.pipelines;

/** The number format of the frozen weights and the compute. */
public enum Dtype {
  /** float32 on the CPU, bfloat16 on CUDA. */
  AUTO,
  FLOAT32,
  BFLOAT16
}
