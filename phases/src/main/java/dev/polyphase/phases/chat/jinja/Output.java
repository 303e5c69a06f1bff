package dev.polyphase.phases.chat.jinja;

/** Text that grows, up to {@link Limits#MAX_CHARS}. */
final class Output {
  private final StringBuilder text = new StringBuilder();

  Output append(String more) {
    Limits.requireChars((long) text.length() + more.length());
    text.append(more);
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
