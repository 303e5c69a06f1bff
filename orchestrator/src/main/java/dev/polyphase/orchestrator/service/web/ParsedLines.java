package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Lines of JSON as the elements of an answer. */
final class ParsedLines {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ParsedLines() {}

  /**
   * Adds each line; one that is no object becomes an empty object, so that the numbers of the
   * others stay.
   */
  static void addTo(ArrayNode array, List<String> lines) {
    lines.forEach(line -> array.add(object(line)));
  }

  private static ObjectNode object(String line) {
    try {
      return JSON.readTree(line) instanceof ObjectNode object ? object : Json.object();
    } catch (JsonProcessingException e) {
      return Json.object();
    }
  }
}
