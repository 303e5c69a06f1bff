package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.IntNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonEditTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{ 'a': 1, 'b': [2, {'a': 3}], 'c': 4 } | a | { 'b': [2, {'a': 3}], 'c': 4 }",
        "{ 'a': 1, 'b': [2, {'a': 3}], 'c': 4 } | b | { 'a': 1, 'c': 4 }",
        "{ 'a': 1, 'b': [2, {'a': 3}], 'c': 4 } | c | { 'a': 1, 'b': [2, {'a': 3}] }",
        "{'a': 1} | a | {}",
        "{'b': 1} | a | {'b': 1}",
      })
  void aKeyGoesWithItsComma(String text, String key, String expected) throws IOException {
    assertThat(JsonEdit.removing(Set.of(key)).apply(file(text)))
        .isEqualTo(expected.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{'a': 1, 'b': 2} | {'a': 5, 'c': 6}",
        "{'b': 2} | {'c': 6}",
        "{'b': 2, 'c': 3, 'd': 4} | {'c': 6, 'd': 4}",
      })
  void removesWhileItReplacesAndAdds(String text, String expected) throws IOException {
    JsonEdit edit =
        new JsonEdit(
            Map.of("a", IntNode.valueOf(5)),
            Map.of("c", IntNode.valueOf(6)),
            Set.of("b"),
            Map.of());
    assertThat(edit.apply(file(text)).replaceAll("\\s+", ""))
        .isEqualTo(expected.replace('\'', '"').replace(" ", ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{ 'a': 1,  't': { 'a': 1e-06, 'b': [ 2 ] } } | { 'a': 5,  't': { 'a': 7, 'b': [ 2 ], 'c':"
            + " 8 } }",
        "{'t': {'x': 1.0}} | {'t': {'x': 1.0,'c': 8}}",
        "{'t': null, 'u': {'a': 1}} | {'t': null, 'u': {'a': 1}}",
        "{'a': 2} | {'a': 5}",
      })
  void objectsWithinAreChangedWhereTheyStand(String text, String expected) throws IOException {
    JsonEdit edit =
        JsonEdit.replacing(Map.of("a", IntNode.valueOf(5)))
            .with(
                "t",
                new JsonEdit(Map.of("a", IntNode.valueOf(7)), Map.of("c", IntNode.valueOf(8))));

    assertThat(edit.apply(file(text))).isEqualTo(expected.replace('\'', '"'));
  }

  private Path file(String text) throws IOException {
    return Files.writeString(temporary.resolve("config.json"), text.replace('\'', '"'));
  }
}
