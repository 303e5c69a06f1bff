package dev.polyphase.pipelines;

/** A part of a whole: a number of its pieces, or a share of them. */
public sealed interface Amount {

  /** How many of {@code total} it is. */
  long of(long total);

  /**
   * A number, whatever the whole is.
   *
   * @param count at least 1
   */
  record Count(long count) implements Amount {
    @Override
    public long of(long total) {
      return count;
    }
  }

  /**
   * A share, rounded up as Hugging Face does.
   *
   * @param share above 0 and below 1
   */
  record Share(double share) implements Amount {
    @Override
    public long of(long total) {
      return (long) Math.ceil(share * total);
    }
  }
}
