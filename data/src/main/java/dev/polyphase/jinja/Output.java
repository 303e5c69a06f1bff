package dev.polyphase.jinja;

/** Text that grows, up to {@link Limits#MAX_CHARS}. */
final class Output {
  private final StringBuilder text = new StringBuilder();

  Output append(String more) {
    Limits.requireChars((long) text.length() + more.length());
    Budget.grown(2L * more.length());
    text.append(more);
    return this;
  }

  int length() {
    return text.length();
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
