package dev.polyphase.data;

import dev.polyphase.pipelines.problems.Place;
import org.jspecify.annotations.Nullable;

/**
 * One row as a file holds it, not parsed yet.
 *
 * @param place its file and the line at which it begins, or its number in a file without lines
 * @param json the text of a JSON object in UTF-8, if nothing is wrong with it; not copied
 * @param wrong what is wrong with it as the file's type has it, which leaves nothing to parse; null
 *     where the text decides
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record RawRow(Place place, byte[] json, @Nullable String wrong) {

  /** A row of which its text decides whether it is right. */
  public RawRow(Place place, byte[] json) {
    this(place, json, null);
  }
}
