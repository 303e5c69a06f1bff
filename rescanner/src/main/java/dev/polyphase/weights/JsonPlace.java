package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.polyphase.pipelines.problems.Place;
import java.nio.file.Path;

/** Where in a file a JSON parser stopped. */
public final class JsonPlace {
  private JsonPlace() {}

  /** Line and column; the file alone where the parser has none, as at too deep a nesting. */
  public static Place of(Path file, JsonProcessingException e) {
    JsonLocation at = e.getLocation();
    return at == null
        ? Place.in(file.toString())
        : new Place(file.toString(), at.getLineNr(), at.getColumnNr());
  }
}
