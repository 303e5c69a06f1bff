package dev.polyphase.pipelines;

/** The learning rate's course, as Hugging Face's {@code optimization.py} computes it. */
public enum LrScheduler {
  COSINE,
  LINEAR,
  CONSTANT,
  CONSTANT_WITH_WARMUP,
  COSINE_WITH_MIN_LR,
  WARMUP_STABLE_DECAY,
  INVERSE_SQRT,
  POLYNOMIAL
}
