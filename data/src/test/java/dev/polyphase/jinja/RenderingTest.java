package dev.polyphase.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.jinja.Rendering.Origin;
import dev.polyphase.jinja.Rendering.Span;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where each part of a text comes from, and what the template asked for. */
class RenderingTest {
  private static final String VARIABLES =
      """
      {"bos": "<s>", "a": "abc", "b": "  Bc de\\n", "empty": "", "sharp": "stra\u00dfe", "smile": "\ud83d\ude00x",
       "messages": [
         {"role": "user", "content": "Hi you", "name": "Ada"},
         {"role": "assistant", "content": " <t>no</t> yes ", "parts": [{"text": "p"}, {"text": "q"}],
          "calls": [{"name": "f", "arguments": {"x": 1, "y": "two", "z": [true, null, 2.5]}}]}],
       "odd/na~me": "o"}
      """;

  /** Expected are the parts in brackets, each with its pointer; the rest is the template's own. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "-{{ a }}- => -[/a abc]-",
        "{{ bos }}{{ a }}{{ a }} => [/bos <s>][/a abcabc]",
        "{{ messages[0].role ~ ': ' ~ messages[0]['content'] }} => [/messages/0/role user]: [/messages/0/content Hi you]",
        "{{ 'x' + a + 'y' }} => x[/a abc]y",
        "{{ ('x' ~ a ~ 'y' ~ bos)[2:6] }} => [/a bc]y[/bos <]",
        "{{ ('x' ~ a)[::-1] }} => [/a cba]x",
        "{{ ('x' ~ a) | reverse }} => [/a cba]x",
        "{{ a[1] }}{{ a | first }}{{ a | last }} => [/a bac]",
        "{{ smile[0] }}|{{ smile[1:] }} => [/smile \ud83d\ude00]|[/smile x]",
        "{{ b | trim }}|{{ b.strip() }}|{{ b.lstrip(' B')[:3] }} => [/b Bc de]|[/b Bc de]|[/b c d]",
        "{{ ('x ' ~ a ~ ' ').strip('x ') }} => [/a abc]",
        "{{ messages[1].content.split('</t>')[-1].lstrip() }} => [/messages/1/content yes ]",
        "{{ messages[1].content.split('</t>')[0].split('<t>')[-1] }} => [/messages/1/content no]",
        "{{ b.split() | join('-') }} => [/b Bc]-[/b de]",
        "{{ 'a-b'.split('-') | join(a) }} => a[/a abc]b",
        "{{ b.splitlines() | join }} => [/b   Bc de]",
        "{{ '1b2'.replace('b', a) }} => 1[/a abc]2",
        "{{ ('1b2' ~ a).replace('b', '-') }} => 1-2[/a a]-[/a c]",
        "{{ a.replace('b', bos) }} => [/a a][/bos <s>][/a c]",
        "{{ a | replace('z', bos) }} => [/a abc]",
        "{{ a | upper }}{{ a.title() }}{{ a | capitalize }} => [/a ABCAbcAbc]",
        "{{ ('x' ~ a) | upper }} => X[/a ABC]",
        "{{ sharp | upper }} => [/sharp STRASSE]",
        "{{ ('-' ~ sharp ~ a ~ '-') | upper }} => -[/sharp STRASSE][/a ABC]-",
        "{{ ('<' ~ bos ~ a) | e }} => &lt;[/bos &lt;s&gt;][/a abc]",
        "{{ ('x\\n' ~ a) | indent(2) }} => `x\n  [/a abc]`",
        "{{ a * 2 }}{{ ('-' ~ a) * 2 }} => [/a abcabc]-[/a abc]-[/a abc]",
        "{{ a.partition('b') | join('|') }} => [/a a]|[/a b]|[/a c]",
        "{{ ('12' ~ a).removeprefix('1') }}{{ ('12' ~ a).removesuffix('c') }} => 2[/a abc]12[/a ab]",
        "{% for c in a %}{{ c }},{% endfor %} => [/a a],[/a b],[/a c],",
        "{% for m in messages[1:] %}{{ m.content | trim }}{% endfor %} => [/messages/1/content <t>no</t> yes]",
        "{{ messages | map(attribute='role') | join('/') }} => [/messages/0/role user]/[/messages/1/role assistant]",
        "{{ messages[1].parts | map(attribute='text') | map('upper') | join(' ') }} => [/messages/1/parts/0/text P] [/messages/1/parts/1/text Q]",
        "{% macro m(t) %}<{{ t }}>{% endmacro %}{{ m(a) | upper }} => <[/a ABC]>",
        "{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}-{{ a }}{% endcall %} => (-[/a abc])",
        "{% set t %}-{{ a }}{% endset %}{{ t[1:] }}{{ t }} => [/a abc]-[/a abc]",
        "{% set t | upper %}-{{ a }}{% endset %}{{ t }} => -[/a ABC]",
        "{% filter upper %}-{{ a }}{% endfilter %} => -[/a ABC]",
        "{% set n = namespace(t='') %}{% for m in messages %}{% set n.t = n.t + m.role + ' ' %}{% endfor %}{{ n.t }} => [/messages/0/role user] [/messages/1/role assistant] ",
        "{{ a | tojson }}{{ ('-' ~ bos) | tojson }} => [/a \"abc\"]\"-[/bos <s>]\"",
        "{{ messages[1].calls[0].arguments | tojson }} => [/messages/1/calls/0/arguments {\"x\": 1, \"y\": \"two\", \"z\": [true, null, 2.5]}]",
        "{{ messages[1].calls[0].arguments }} => [/messages/1/calls/0/arguments {'x': 1, 'y': 'two', 'z': [True, None, 2.5]}]",
        "{{ {'n': a, 'v': messages[1].calls[0].arguments.z} | tojson }} => {\"n\": [/a \"abc\"], \"v\": [/messages/1/calls/0/arguments/z [true, null, 2.5]]}",
        "{{ [a ~ '\"' ~ bos] }} => ['[/a abc]\"[/bos <s>]']",
        "{{ messages[0] | tojson }} => [/messages/0 {\"role\": ][/messages/0/role \"user\"][/messages/0 , \"content\": ][/messages/0/content \"Hi you\"][/messages/0 , \"name\": ][/messages/0/name \"Ada\"][/messages/0 }]",
        "{% for k, v in messages[1].calls[0].arguments.items() %}{{ k }}={{ v }} {% endfor %} => [/messages/1/calls/0/arguments x]=[/messages/1/calls/0/arguments/x 1] [/messages/1/calls/0/arguments y]=[/messages/1/calls/0/arguments/y two] [/messages/1/calls/0/arguments z]=[/messages/1/calls/0/arguments/z [True, None, 2.5]] ",
        "{% for k, v in messages[1].calls[0].arguments | dictsort(reverse=true) %}{{ v | tojson }}{% endfor %} => [/messages/1/calls/0/arguments/z [true, null, 2.5]][/messages/1/calls/0/arguments/y \"two\"][/messages/1/calls/0/arguments/x 1]",
        "{{ messages[1].calls[0].arguments.z[0] }}{{ messages[1].calls[0].arguments.z[1] }} => [/messages/1/calls/0/arguments/z/0 True][/messages/1/calls/0/arguments/z/1 None]",
        "{{ messages[0].name or 'x' }}{{ messages[1].name or 'x' }}{{ messages[1].name | default(a) }} => [/messages/0/name Ada]x[/a abc]",
        "{{ empty }}{{ a | length }}{{ a == 'abc' }}{{ {'abc': 1}[a] }} => 3True1",
      })
  void tellsWhereEachPartComesFrom(String template, String expected) throws IOException {
    Rendering rendering = render(template);
    assertThat(bracketed(rendering)).isEqualTo(expected);
    assertThat(rendering.generated()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "x{% generation %}-{{ a }}{% endgeneration %}y => x(-abc)y",
        "{% generation %}{% for m in messages %}{{ m.role }} {% endfor %}{% endgeneration %} => (user assistant )",
        "{% for c in a %}{% generation %}{{ c }}{% endgeneration %},{% endfor %} => (a),(b),(c),",
        "{% generation %}x{% endgeneration %}{% generation %}{{ a }}{% endgeneration %} => (xabc)",
        "{% generation %}{% endgeneration %}x => x",
        "{% macro m() %}<{% generation %}{{ a }}{% endgeneration %}>{% endmacro %}{{ m() | upper }}{{ a }} => <(ABC)>abc",
        "{% set t %}{% generation %}x{% endgeneration %}y{% endset %}{{ t }} => (x)y",
        "{% generation %}{% set t = a %}x{{ t }}{% endgeneration %}{{ t }} => (xabc)",
      })
  void marksWhatIsGenerated(String template, String expected) throws IOException {
    Rendering rendering = render(template);
    StringBuilder marked = new StringBuilder(rendering.text());
    for (int i = rendering.generated().size() - 1; i >= 0; i--) {
      Span span = rendering.generated().get(i);
      marked.insert(span.end(), ')').insert(span.start(), '(');
    }
    assertThat(marked).hasToString(expected);
  }

  @Test
  void joinsNeighboursWithinAGenerationBlockAndOutsideOfIt() throws IOException {
    assertThat(render("{% generation %}{{ a }}{% endgeneration %}{{ a }}").origins())
        .containsExactly(new Origin(0, 6, "/a"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '`',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{{ a }}{{ nothing }} => /a",
        "{% for m in messages %}{{ m.role }}{% endfor %} => /messages /messages/0/role /messages/1/role",
        "{{ messages[0]['name'] }}{{ 'content' in messages[0] }} => /messages /messages/0/name /messages/0/content",
        "{{ messages[0].get('name') }}{{ messages[0].nothing }} => /messages /messages/0/name",
        "{% for k in messages[0] %}{% endfor %} => /messages /messages/0/role /messages/0/content /messages/0/name",
        "{{ messages[1].calls | tojson }} => /messages /messages/1/calls /messages/1/calls/0/name /messages/1/calls/0/arguments /messages/1/calls/0/arguments/x /messages/1/calls/0/arguments/y /messages/1/calls/0/arguments/z",
        "{{ messages | selectattr('role', 'eq', 'user') | list | length }} => /messages /messages/0/role /messages/1/role",
        "{{ messages | length }}{{ messages[1] | length }} => /messages",
        "{% macro m(x) %}{{ a }}{% endmacro %}{{ m(1) }} => /a",
      })
  void tellsWhatWasAskedFor(String template, String expected) throws IOException {
    assertThat(render(template).read()).containsExactlyInAnyOrder(expected.split(" ", -1));
  }

  @Test
  void escapesPointers() throws IOException {
    ObjectNode variables = variables();
    variables.putObject("m").put("a/b~c", "x");
    Rendering rendering = Template.parse("{{ m['a/b~c'] }}").render(variables, Clock.systemUTC());
    assertThat(rendering.origins()).containsExactly(new Origin(0, 1, "/m/a~1b~0c"));
    assertThat(variables.at(rendering.origins().get(0).pointer()).textValue()).isEqualTo("x");
  }

  /** What is only moved is found where the pointer says, part after part. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}",
        "{% for m in messages %}<{{ m.content[:3] }}|{{ m.content[3:] }}>{% endfor %}",
        "{% for m in messages %}{{ m.content.split('y') | join('y') | length }}{{ m.content.upper().lower()[0:0] }}{{ m.content.split('y')[0] }}{{ m.content[m.content.split('y')[0] | length:] }}{% endfor %}",
        "{% for m in messages %}{% for c in m.content %}{{ c }}{% endfor %}{% endfor %}",
        "{% for m in messages %}{{ m.content.partition('o') | join(' ') }}{% endfor %}",
        "{% macro f(t) %}[{{ t }}]{% endmacro %}{% for m in messages %}{{ f(m.content)[1:-1] }}{% endfor %}",
        "{% for m in messages %}{{ m.content.splitlines(true) | join('-') }}{% endfor %}",
      })
  void partsAddUpToTheirSource(String template) throws IOException {
    ObjectNode variables = variables();
    Rendering rendering = render(template);
    for (String pointer : List.of("/messages/0/content", "/messages/1/content")) {
      StringBuilder parts = new StringBuilder();
      for (Origin origin : rendering.origins()) {
        if (origin.pointer().equals(pointer)) {
          parts.append(rendering.text(), origin.start(), origin.end());
        }
      }
      assertThat(parts).hasToString(variables.at(pointer).textValue());
    }
  }

  /**
   * Each variable has letters of its own, and the templates' own texts have none: every character
   * of a result tells where it comes from. The expressions are drawn by chance.
   */
  @Test
  void randomExpressionsLoseNothing() {
    ObjectNode variables = new ObjectMapper().createObjectNode();
    variables.put("a", " abc\ndef ").put("b", "ghi jkl").put("c", "\ud835\udcb6\ud835\udcb7 xyz");
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      String template = "{{ " + expression(random, 4) + " }}";
      Rendering rendering = Template.parse(template).render(variables, Clock.systemUTC());
      String[] claimed = new String[rendering.text().length()];
      int before = 0;
      for (Origin origin : rendering.origins()) {
        assertThat(origin.start()).as(template).isBetween(before, origin.end() - 1);
        before = origin.end();
        IntStream.range(origin.start(), origin.end()).forEach(at -> claimed[at] = origin.pointer());
      }
      for (int at = 0; at < claimed.length; at++) {
        char c = Character.toLowerCase(rendering.text().charAt(at));
        @Nullable String owner = owner(c);
        if (owner != null || Character.isDigit(c) || c == '-') {
          assertThat(claimed[at])
              .as("%s: %s at %d", template, rendering.text(), at)
              .isEqualTo(owner);
        }
      }
    }
  }

  private static @Nullable String owner(char c) {
    return "abcdef".indexOf(c) >= 0
        ? "/a"
        : "ghijkl".indexOf(c) >= 0
            ? "/b"
            : "xyz".indexOf(c) >= 0 || Character.isSurrogate(c) ? "/c" : null;
  }

  private static String expression(Random random, int depth) {
    if (depth == 0) {
      return List.of("a", "b", "c", "'1 2'", "'-'", "''").get(random.nextInt(6));
    }
    String x = expression(random, depth - 1);
    String y = expression(random, random.nextInt(depth));
    List<String> forms = new ArrayList<>();
    forms.add("(%s + %s)");
    forms.add("(%s ~ '3' ~ %s)");
    forms.add("(%s ~ %s)[1:-1]");
    forms.add("(%s ~ %s)[::-1]");
    forms.add("(%s ~ %s)[-5:]");
    forms.add("(%s ~ %s) | trim");
    forms.add("(%s ~ %s).split() | join('4')");
    forms.add("(%s).split() | join(%s)");
    forms.add("(%s ~ %s).rsplit('e', 1)[-1]");
    forms.add("(%s).replace('h', %s)");
    forms.add("(%s).replace('', %s)");
    forms.add("(%s ~ %s) | upper");
    forms.add("(%s ~ %s).title()");
    forms.add("(%s ~ %s) | indent(2)");
    forms.add("(%s ~ %s).splitlines() | join('5')");
    forms.add("[%s, %s] | join");
    forms.add("(%s ~ %s) | list | reverse | join('6')");
    forms.add("([%s, %s] | string)");
    forms.add("(%s ~ %s) * 2");
    forms.add("(%s ~ %s).partition(' ') | last");
    String form = forms.get(random.nextInt(forms.size()));
    return "(" + form.formatted(x, y) + ")";
  }

  private static String bracketed(Rendering rendering) {
    StringBuilder text = new StringBuilder();
    int at = 0;
    for (Origin origin : rendering.origins()) {
      text.append(rendering.text(), at, origin.start());
      text.append('[').append(origin.pointer()).append(' ');
      text.append(rendering.text(), origin.start(), origin.end()).append(']');
      at = origin.end();
    }
    return text.append(rendering.text().substring(at)).toString();
  }

  private static Rendering render(String template) throws IOException {
    return Template.parse(template).render(variables(), Clock.systemUTC());
  }

  private static ObjectNode variables() throws IOException {
    JsonNode variables = new ObjectMapper().readTree(VARIABLES);
    return (ObjectNode) variables;
  }
}
