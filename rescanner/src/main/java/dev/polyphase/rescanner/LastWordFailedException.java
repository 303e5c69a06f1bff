package dev.polyphase.rescanner;

/** The CPU failed where it had the last word on what a GPU computed: no failure of the GPU. */
final class LastWordFailedException extends RuntimeException {
  private final RuntimeException failure;

  /** With what the CPU failed with. */
  LastWordFailedException(RuntimeException failure) {
    super(failure);
    this.failure = failure;
  }

  /** What the CPU failed with. */
  RuntimeException failure() {
    return failure;
  }
}
