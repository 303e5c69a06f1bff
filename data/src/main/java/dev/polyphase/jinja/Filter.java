package dev.polyphase.jinja;

/** What {@code input|filter(arguments)} does. */
@FunctionalInterface
interface Filter {

  /**
   * The filtered value.
   *
   * @throws Fault if the input or an argument is wrong
   */
  Value apply(Value input, Arguments arguments);
}
