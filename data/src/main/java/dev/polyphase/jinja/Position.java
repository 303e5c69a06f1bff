package dev.polyphase.jinja;

/**
 * A place in a template.
 *
 * @param line the first is 1
 * @param column the first is 1, counted in UTF-16 units
 */
record Position(int line, int column) {}
