package dev.polyphase.jinja;

import java.util.List;
import java.util.Set;

/**
 * What a template makes of its variables, and of which of them.
 *
 * <p>Indices count UTF-16 units of the text; pointers are JSON pointers (RFC 6901) into the
 * variables, as {@code /messages/2/content}.
 *
 * @param text what the template writes
 * @param origins which parts of the text come from which variable, in order, none within another
 *     and neighbours of one pointer joined; what the template itself writes is in none. What is
 *     written of a list or mapping, as its JSON, comes from it as a whole; only of a variable
 *     itself, and of its elements and entries, do the parts come from theirs
 * @param generated what {@code {% generation %}} blocks wrote, in order, neighbours joined
 * @param read pointers of the mappings' entries that the template asked for, variables included;
 *     where it goes through a mapping or writes it out, of all of its entries
 */
public record Rendering(String text, List<Origin> origins, List<Span> generated, Set<String> read) {

  public Rendering {
    origins = List.copyOf(origins);
    generated = List.copyOf(generated);
  }

  /**
   * A part of the text that comes from a variable.
   *
   * @param start its first UTF-16 unit
   * @param end the first after it
   * @param pointer the variable's value
   */
  public record Origin(int start, int end, String pointer) {}

  /**
   * A part of the text.
   *
   * @param start its first UTF-16 unit
   * @param end the first after it
   */
  public record Span(int start, int end) {}
}
