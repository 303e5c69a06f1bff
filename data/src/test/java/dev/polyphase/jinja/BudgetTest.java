package dev.polyphase.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Without a budget each of these would take minutes to years, or more memory than there is. */
@Timeout(60)
class BudgetTest {
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
  private static final int MEGABYTE = 1_000_000;

  /** With {@code a}, a million times the letter, and {@code b}, half as many and another one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% macro f(n) %}{% if n > 0 %}{{ f(n-1) }}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}\n{{ f(60) }}",
        "\n{% set n = namespace(t='a') %}{% for i in range(60) %}{% set n.t = n.t + n.t %}{% endfor %}",
        "\n{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "\n{% for i in range(100000) %}{% set x = range(100000) %}{% endfor %}",
        "\n{{ range(100000) | unique | list | length }}",
        "\n{% set l = range(100000) | list %}{% for i in range(100000) %}{{ -1 in l }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ range(100000) | sort(reverse=true) | first }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ a | replace('a', 'bb') | length }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ b in a }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ a.strip(b) | length }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ a.split('a') | join | length }}{% endfor %}",
        "\n{% for i in range(100000) %}{{ a[::-1] | upper | length }}{% endfor %}",
        "\n{{ (a * 16) | list | length }}",
        "\n{{ (a * 16).split('a') | length }}",
        "\n{{ [a] * 1000 | map('upper') | list | tojson(indent=1000) }}",
        "\n{% set n = namespace(x=3) %}{% for i in range(100000) %}{% set n.x = (n.x * n.x) % (2 ** 8000 + 1) %}{% endfor %}",
        "\n{% set n = namespace(l=[1]) %}{% for i in range(100000) %}{% set n.l = n.l + [i] %}{% endfor %}",
        "\n{% set n = namespace(l=1) %}{% for i in range(60) %}{% set n.l = (n.l, n.l) %}{% endfor %}{{ {n.l: 1} | length }}",
        "\n{% set n = namespace(l=1, m=1) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}{% endfor %}{{ n.l == n.m }}",
        "\n{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set n.l = n.l + [a ~ i] %}{% endfor %}",
        "\n{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set n.l = n.l + [(a ~ i).upper] %}{% endfor %}",
        "\n{% set n = namespace(l=[]) %}{% for i in range(1000) %}{% set q = a ~ i %}{% macro m() %}{{ q }}{% endmacro %}{% set n.l = n.l + [m] %}{% endfor %}",
        "\n{% macro f(x) %}{{ f(x ~ a) }}{% endmacro %}{{ f('') }}",
        "\n{{ ['b', 'a'] | sort(attribute='x' ~ '.a' * 8000000) }}",
        "\n{% for i in range(100000) %}{{ strftime_now('%A' * 1000) | length }}{% endfor %}",
        "\n{% set n = namespace() %}{% set n.x = n %}{{ [n] | tojson }}",
      })
  void endsWhatWouldNotEnd(String template) {
    TemplateException ended =
        catchThrowableOfType(TemplateException.class, () -> render(template, texts()));

    assertThat(ended).isNotNull();
    assertThat(ended.line()).isBetween(1, 2);
    assertThat(ended.getMessage()).hasSizeLessThan(200);
  }

  @Test
  void quotesNoMoreOfARowThanAMessageBears() {
    TemplateException ended =
        catchThrowableOfType(
            TemplateException.class, () -> render("{{ raise_exception(a) }}", texts()));

    assertThat(ended.getMessage()).startsWith("aaa").hasSizeLessThan(3000);
  }

  @Test
  void refusesASourceThatIsNoTemplate() {
    assertThat(
            catchThrowableOfType(
                TemplateException.class, () -> Template.parse("a".repeat(2 * MEGABYTE))))
        .hasMessageContaining("2,000,000");
  }

  /** What templates do with long chats, among it all that is quadratic in published ones. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for m in messages %}{{ '<' ~ m.role ~ '>' ~ m.content | trim }}{% endfor %}",
        "{% for m in messages %}{{ m['content'].split('</think>')[-1].lstrip('\\n') }}{% if '<tool>' in m.content %}x{% endif %}{% endfor %}",
        "{% set n = namespace(t='') %}{% for m in messages %}{% set n.t = n.t ~ m.content %}{% endfor %}{{ n.t }}",
        "{% for m in messages %}{% set rest = messages[loop.index0:] %}{{ rest[0].content }}{% endfor %}",
        "{% for m in messages[::-1] %}{{ m.content }}{% endfor %}",
        "{{ messages | map(attribute='content') | join }}",
        "{{ (messages | map(attribute='content') | join).split() | join(' ') }}",
        "{% for m in messages %}{% for c in m.content %}{{ c }}{% endfor %}{% endfor %}",
        "{% for m in messages %}{{ m | tojson }}{% endfor %}",
      })
  void rendersConversationsOfAMegabyte(String template) {
    ObjectNode chat = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < 2000; i++) {
      chat.withArrayProperty("messages")
          .addObject()
          .put("role", i % 2 == 0 ? "user" : "assistant")
          .put("content", "Some words, grüße ".repeat(28));
    }
    assertThat(render(template, chat)).hasSizeGreaterThan(MEGABYTE - 10_000);
  }

  /** Java's own search and regular expressions take quadratic time for these. */
  @Test
  void searchesLongTextsInTimeOfTheirLengths() {
    ObjectNode texts = texts();
    texts.put("digits", "1".repeat(MEGABYTE) + "x").put("words", "a ".repeat(MEGABYTE / 2));

    assertThat(
            render(
                "{{ b in a }} {{ a.find(b) }} {{ a.rfind(b) }} {{ a.count(b) }} {{ digits | int }} {{ words.split() | length }} {{ words.rsplit() | length }}",
                texts))
        .isEqualTo("False -1 -1 0 0 500000 500000");
  }

  private static ObjectNode texts() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("a", "a".repeat(MEGABYTE))
        .put("b", "a".repeat(MEGABYTE / 2) + "b");
  }

  private static String render(String template, ObjectNode variables) {
    return Template.parse(template).render(variables, CLOCK).text();
  }
}
