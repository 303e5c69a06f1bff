package dev.polyphase.pipelines;

/** The number format of the saved weights. */
public enum SaveDtype {
  /** Each tensor keeps the dtype that it had. */
  BASE,
  FLOAT32,
  BFLOAT16
}
