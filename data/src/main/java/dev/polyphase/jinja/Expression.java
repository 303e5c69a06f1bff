package dev.polyphase.jinja;

/** What has a value. */
@FunctionalInterface
interface Expression {

  /**
   * The value where these variables are seen.
   *
   * @throws Fault if it has none
   */
  Value evaluate(Scope scope);
}
