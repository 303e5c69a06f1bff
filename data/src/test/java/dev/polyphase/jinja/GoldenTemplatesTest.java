package dev.polyphase.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Renders what Python's jinja2 has rendered: {@code golden.py} beside {@code golden.json}. */
class GoldenTemplatesTest {

  @ParameterizedTest
  @MethodSource("cases")
  void rendersAsPythonDoes(JsonNode golden, ObjectNode variables) {
    String template = golden.get("template").textValue();
    if (golden.has("expected")) {
      assertThat(Template.parse(template).render(variables, Clock.systemUTC()).text())
          .isEqualTo(golden.get("expected").textValue());
    } else {
      TemplateException refused =
          catchThrowableOfType(
              TemplateException.class,
              () -> Template.parse(template).render(variables, Clock.systemUTC()));
      assertThat(refused).as(golden.get("error").textValue()).isNotNull();
      assertThat(refused.line()).isPositive();
      assertThat(refused.column()).isPositive();
      if (template.contains("raise_exception(")) {
        assertThat(refused).hasMessage(golden.get("error").textValue());
      }
    }
  }

  static Stream<Arguments> cases() throws IOException {
    JsonNode golden;
    try (InputStream in = GoldenTemplatesTest.class.getResourceAsStream("golden.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    JsonNode variables = golden.get("variables");
    return StreamSupport.stream(golden.get("cases").spliterator(), false)
        .map(
            each ->
                Arguments.of(
                    Named.of(each.get("name").textValue(), each),
                    variables.get(each.get("variables").intValue())));
  }
}
