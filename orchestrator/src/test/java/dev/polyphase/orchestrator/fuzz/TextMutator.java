package dev.polyphase.orchestrator.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Changes a text by its lines and words. */
final class TextMutator {
  private static final Pattern WORD = Pattern.compile("[A-Za-z_]+|[0-9.]+(e-?[0-9]+)?");

  private static final int LONGEST_WORD = 3_000;

  static final List<String> YAML =
      List.of(
          "a: &a [*a]",
          "a: &a {b: *a}",
          "<<: *none",
          "<<: [1]",
          "? [a, b]\n: c",
          "!!javax/script x: 1",
          "a: !!binary xxx",
          "a: !!python/object/apply:os.system [ls]",
          "a: 2026-01-01",
          "a: 0x7fffffffffffffffff",
          "a: 1:30:00",
          "a: .nan",
          "a: |2\n x",
          "\tname: x",
          "---",
          "...",
          "%YAML 9.9",
          "a: \"\\x00\\e[31m\"",
          "a: \"\\uD800\"",
          "phases: []",
          "defaults: null",
          "output_dir: ../../beside",
          "base_model: ../../beside",
          """
          l: &l [x,x,x,x,x,x,x,x,x]
          m: &m [*l,*l,*l,*l,*l,*l,*l,*l,*l]
          n: &n [*m,*m,*m,*m,*m,*m,*m,*m,*m]
          o: &o [*n,*n,*n,*n,*n,*n,*n,*n,*n]
          p: &p [*o,*o,*o,*o,*o,*o,*o,*o,*o]
          q: &q [*p,*p,*p,*p,*p,*p,*p,*p,*p]
          r: [*q,*q,*q,*q,*q,*q,*q,*q,*q]
          """,
          "d: " + "[".repeat(3_000) + "]".repeat(3_000),
          "d: " + "{a: ".repeat(3_000) + "1" + "}".repeat(3_000));

  static final List<String> JINJA =
      List.of(
          "{% for i in range(1000000000) %}x{% endfor %}",
          "{{ 'a' * 2000000000 }}",
          "{{ range(100000000) | list | length }}",
          "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
          "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{{ m(n-1) }}{% endif %}"
              + "{% endmacro %}{{ m(40) }}",
          "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}"
              + "{% endfor %}{{ ns.s }}",
          "{{ 10 ** 100000000 }}",
          "{{ 1 / 0 }}{{ 1 // 0 }}{{ 1 % 0 }}",
          "{{ messages[99].content }}",
          "{{ messages[-99999999999999999999] }}",
          "{{ none.x.y }}",
          "{{ '' | first }}{{ [] | max }}",
          "{{ messages | tojson(indent=1000000000) }}",
          "{{ 'x' | indent(1000000000) }}",
          "{{ '%' + 's' | format(1) }}",
          "{{ strftime_now('%Q%') }}",
          "{{ raise_exception('\u001b[31m') }}",
          "{{ self }}{{ loop }}{{ caller() }}",
          "{% include '/etc/hostname' %}",
          "{% if %}",
          "{% endfor %}",
          "{{",
          "{#",
          "{% raw %}",
          "{{ " + "(".repeat(3_000) + "1" + ")".repeat(3_000) + " }}",
          "{{ " + "[".repeat(3_000) + "]".repeat(3_000) + " }}",
          "{{ " + "-".repeat(5_000) + "1 }}",
          "{{ 1" + " + 1".repeat(20_000) + " }}",
          "{% if true %}".repeat(2_000) + "{% endif %}".repeat(2_000));

  static final List<String> ROWS =
      List.of(
          "",
          "   ",
          "null",
          "[]",
          "{}",
          "1",
          "\ufeff",
          "{\"text\": \"a\"} {\"text\": \"b\"}",
          "{\"text\": \"a\"",
          "{'text': 'a'}",
          "{\"text\": \"\"}",
          "{\"text\": NaN}",
          "{\"text\": \"" + " ".repeat(4_000) + "\"}",
          "{\"text\": \"" + "<|im_end|>".repeat(1_000) + "\"}",
          "{\"messages\": []}",
          "{\"messages\": [{\"role\": \"assistant\"}]}",
          "{\"input_ids\": [], \"labels\": []}",
          "{\"input_ids\": [-1], \"labels\": [-100]}",
          "{\"input_ids\": [1, 99999999], \"labels\": [1, 2]}");

  private TextMutator() {}

  /**
   * Changes a text.
   *
   * @param snippets what may be put in as a line of its own
   */
  static Mutant mutate(String text, List<String> snippets, Random random) {
    List<String> lines = new ArrayList<>(text.lines().toList());
    int at = random.nextInt(lines.size());
    String line = lines.get(at);
    String how;
    switch (random.nextInt(9)) {
      case 0 -> {
        lines.add(random.nextInt(lines.size() + 1), line);
        how = "line " + at + " twice";
      }
      case 1 -> {
        lines.remove(at);
        how = "line " + at + " removed";
      }
      case 2 -> {
        lines.set(at, (random.nextBoolean() ? "  " : "") + line.strip());
        how = "line " + at + " with another indent";
      }
      case 3 -> {
        // Of what is long the beginning is enough: it may be a row, whose every token counts.
        String any = OddValues.any(random);
        String word = any.substring(0, Math.min(any.length(), LONGEST_WORD));
        String wordless = replaceWord(line, word, random);
        lines.set(at, wordless);
        how = "line " + at + " = " + wordless;
      }
      case 4 -> {
        String other = OddValues.one(lines, random);
        String swapped = replaceWord(line, replaceWord(other, "", random), random);
        lines.set(at, swapped);
        how = "line " + at + " = " + swapped;
      }
      case 5 -> {
        int cut = random.nextInt(line.length() + 1);
        String odd =
            OddValues.one(List.of("\"", "'", "\u0000", "\t", "\u202e", ":", "{", "%}"), random);
        lines.set(at, line.substring(0, cut) + odd + line.substring(cut));
        how = "line " + at + " with '" + odd + "'";
      }
      default -> {
        String snippet = OddValues.one(snippets, random);
        lines.add(random.nextInt(lines.size() + 1), snippet);
        how = "with " + snippet;
      }
    }
    String end = random.nextInt(4) == 0 ? "\r\n" : "\n";
    String last = random.nextInt(4) == 0 ? "" : end;
    return Mutant.of(how, String.join(end, lines) + last);
  }

  private static String replaceWord(String line, String by, Random random) {
    List<MatchResult> words = WORD.matcher(line).results().toList();
    if (words.isEmpty()) {
      return line + by;
    }
    MatchResult word = OddValues.one(words, random);
    return line.substring(0, word.start()) + by + line.substring(word.end());
  }
}
