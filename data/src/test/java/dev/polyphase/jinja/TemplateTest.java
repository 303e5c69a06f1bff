package dev.polyphase.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2024-07-04T15:06:09Z"), ZoneOffset.UTC);

  @Test
  void saysWhereATemplateIsMalformed() {
    assertPlace("a\n{% if x %}\n  {{ y z }}\n{% endif %}", 3, 8, "expected '}}', found 'z'");
    assertPlace("\n  {% nope %}", 2, 6, "there is no tag 'nope' here");
    assertPlace("ab {# c", 1, 4, "the comment that begins here has no end; close it with #}");
    assertPlace(
        "{% for x in y %}",
        1, 17, "expected {% else %} or {% endfor %}, found the end of the" + " template");
  }

  @Test
  void saysWhereRenderingFailed() {
    assertPlace("a\n{{ x }}\n  {{ m.a.b }}", 3, 7, "'m' is undefined");
    assertPlace(
        "{% for x in [1] %}\n{{ x | nope }}{% endfor %}", 2, 6, "there is no filter 'nope'");
    assertPlace(
        "{% macro f() %}\n{{ 1 + 'a' }}{% endmacro %}\n\n{{ f() }}",
        2, 6, "unsupported operand types for +: 'int' and 'str'");
    assertPlace("\n {{ raise_exception('no') }}", 2, 20, "no");
  }

  @Test
  void tellsTheDateAsPythonDoes() {
    assertThat(render("{{ strftime_now('%d %b %Y, %B %A %a %y-%m %H:%M:%S %I%p %j 100%%') }}"))
        .isEqualTo("04 Jul 2024, July Thursday Thu 24-07 15:06:09 03PM 186 100%");
  }

  @Test
  void valuesAreNeverTemplates() {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.put("content", "{{ 1 + 1 }}{% raw %}{# x #}");
    assertThat(Template.parse("{{ content }}{{ content | trim }}").render(variables, CLOCK).text())
        .isEqualTo("{{ 1 + 1 }}{% raw %}{# x #}".repeat(2));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for a in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for a in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for a in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for a in range(99) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
        "{% set n = namespace(s=9) %}{% for a in range(99) %}{% set n.s = n.s * n.s %}{% endfor %}",
        "{{ 'ab' * 999999999999 }}",
        "{{ [1, 2] * 999999999 }}",
        "{{ 9 ** 99999999 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      })
  void stopsWhatGrowsWithoutEnd(String template) {
    assertThat(
            catchThrowableOfType(
                TemplateException.class,
                () ->
                    Template.parse(template).render(JsonNodeFactory.instance.objectNode(), CLOCK)))
        .isNotNull()
        .hasMessageMatching(".*(grows|more than).*");
  }

  @Test
  void refusesWhatNestsTooDeeply() {
    String deep = "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}";
    assertThat(catchThrowableOfType(TemplateException.class, () -> Template.parse(deep)))
        .hasMessage("the template nests too deeply");
  }

  private static String render(String template) {
    return Template.parse(template).render(JsonNodeFactory.instance.objectNode(), CLOCK).text();
  }

  private static void assertPlace(String template, int line, int column, String sentence) {
    TemplateException wrong = catchThrowableOfType(TemplateException.class, () -> render(template));
    assertThat(wrong).hasMessage(sentence);
    assertThat(wrong.line()).isEqualTo(line);
    assertThat(wrong.column()).isEqualTo(column);
  }
}
