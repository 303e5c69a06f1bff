package dev.polyphase.tokens;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A regular expression of a {@code tokenizer.json}, in Oniguruma's syntax, and how often matching
 * it may try again. Oniguruma gives up after ten million tries in one match, and the tokenizers
 * library takes that for a bug and ends the process; so what could come near it is known before.
 *
 * <p>Trying again comes from what may take more or less of a text, with something behind it that
 * may fail. One loop of that kind costs as many tries as it took characters. Two in a row would
 * cost the product, and loops within loops more than that: such expressions are refused.
 *
 * @param loops the loops that cost tries, by what they repeat
 * @param choices by what the tries of a loop are multiplied at most
 * @param quadratic whether a search may begin in each place of what a loop took, and fail
 * @param empty whether it may match no character
 */
record TokenPattern(Set<String> loops, long choices, boolean quadratic, boolean empty) {
  /** A line's end, of which only one reading is possible. */
  private static final Pattern LINE_END = Pattern.compile("\\((?:\\?:)?\\\\r\\?\\\\n\\)");

  private static final int MOST_NESTED = 40;
  private static final long MOST_CHOICES = 100;
  private static final long MOST_SIZE = 2_000;

  /**
   * What a part of an expression may cost.
   *
   * @param mayFail whether it may match nothing, not even the empty text
   * @param loops loops that cost tries where something follows that may fail
   * @param choices ways to match beside those of the loops, where something follows that may fail
   * @param innerLoops loops that something follows within the part
   * @param innerChoices ways that something follows within the part
   * @param empty whether it may match no character
   * @param size characters, sets and anchors with repetitions written out
   */
  private record Cost(
      boolean mayFail,
      int loops,
      long choices,
      int innerLoops,
      long innerChoices,
      boolean empty,
      long size) {
    static final Cost CHARACTER = new Cost(true, 0, 1, 0, 1, false, 1);
    static final Cost ANCHOR = new Cost(true, 0, 1, 0, 1, true, 1);
    static final Cost NOTHING = new Cost(false, 0, 1, 0, 1, true, 0);
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException with a sentence that says why it is not taken
   */
  static TokenPattern of(String regex) {
    Reader reader = new Reader(regex);
    Cost cost = reader.alternatives(0);
    if (reader.at < regex.length()) {
      throw new IllegalArgumentException("a parenthesis is closed that was not opened");
    }
    if (cost.innerLoops() > 1 || cost.innerChoices() > MOST_CHOICES) {
      throw new IllegalArgumentException("matching it may try too many ways again");
    }
    boolean covered = reader.taken.containsAll(reader.retried);
    return new TokenPattern(
        Set.copyOf(reader.retried), cost.innerChoices(), !covered, cost.empty());
  }

  private static final class Reader {
    private final String regex;
    private int at;

    /** The loops that something follows that may fail. */
    private final Set<String> retried = new HashSet<>();

    /** The loops that an alternative of the whole consists of, so that a search gets past them. */
    private final Set<String> taken = new HashSet<>();

    Reader(String regex) {
      this.regex = regex;
    }

    Cost alternatives(int depth) {
      if (depth > MOST_NESTED) {
        throw new IllegalArgumentException("it nests too deeply");
      }
      Cost all = sequence(depth);
      while (regex.startsWith("|", at)) {
        at++;
        Cost next = sequence(depth);
        all =
            new Cost(
                all.mayFail() && next.mayFail(),
                Math.max(all.loops(), next.loops()),
                product(all.choices() + next.choices(), 1),
                Math.max(all.innerLoops(), next.innerLoops()),
                Math.max(all.innerChoices(), next.innerChoices()),
                all.empty() || next.empty(),
                all.size() + next.size());
      }
      return all;
    }

    private Cost sequence(int depth) {
      List<Cost> parts = new ArrayList<>();
      List<Set<String>> atoms = new ArrayList<>();
      while (at < regex.length() && regex.charAt(at) != '|' && regex.charAt(at) != ')') {
        int start = at;
        boolean group = regex.charAt(at) == '(';
        Cost body = group ? group(depth) : atom();
        String text = regex.substring(start, at);
        Cost part = quantified(body);
        parts.add(part);
        boolean loop = part.loops() > 0 && body.loops() == 0;
        atoms.add(loop ? Set.of(text) : part.loops() > 0 ? Set.of("") : Set.of());
      }
      int last = parts.size() - 1;
      while (last >= 0 && !parts.get(last).mayFail()) {
        last--;
      }
      int loops = 0;
      long choices = 1;
      int innerLoops = 0;
      long innerChoices = 1;
      long size = 0;
      for (int i = 0; i < parts.size(); i++) {
        Cost part = parts.get(i);
        int before = i <= last ? loops : 0;
        innerLoops = Math.max(innerLoops, before + part.innerLoops());
        innerChoices =
            Math.max(innerChoices, product(i <= last ? choices : 1, part.innerChoices()));
        loops += part.loops();
        size += part.size();
        choices = product(choices, part.choices());
        if (i < last) {
          retried.addAll(atoms.get(i));
        }
      }
      boolean firstFails = last < 0 || parts.subList(0, last).stream().noneMatch(Cost::mayFail);
      if (depth == 0 && last >= 0 && firstFails) {
        taken.addAll(atoms.get(last));
      }
      boolean empty = parts.stream().allMatch(Cost::empty);
      return new Cost(last >= 0, loops, choices, innerLoops, innerChoices, empty, size);
    }

    private Cost quantified(Cost body) {
      if (at >= regex.length()) {
        return body;
      }
      long least;
      long most;
      boolean braces = false;
      char c = regex.charAt(at);
      if (c == '*' || c == '+' || c == '?') {
        at++;
        least = c == '+' ? 1 : 0;
        most = c == '?' ? 1 : Long.MAX_VALUE;
      } else if (c == '{'
          && regex.substring(at).matches("(?s)\\{(\\d{0,6},\\d{0,6}|\\d{1,6})\\}.*")) {
        int end = regex.indexOf('}', at);
        String[] bounds = regex.substring(at + 1, end).split(",", -1);
        least = bounds[0].isEmpty() ? 0 : Long.parseLong(bounds[0]);
        most =
            bounds.length == 1
                ? least
                : bounds[1].isEmpty() ? Long.MAX_VALUE : Long.parseLong(bounds[1]);
        braces = true;
        at = end + 1;
      } else {
        return body;
      }
      boolean endless = most == Long.MAX_VALUE;
      boolean twice = braces && regex.startsWith("+", at);
      // What is possessive is not tried again, but a search may begin in each place of it.
      if (at < regex.length() && "+?".indexOf(regex.charAt(at)) >= 0) {
        at++;
      }
      if (at < regex.length() && "*+?".indexOf(regex.charAt(at)) >= 0) {
        throw new IllegalArgumentException("it repeats what is repeated already");
      }
      boolean several = body.loops() > 0 || body.choices() > 1 || body.innerLoops() > 0;
      if ((most > 1 || twice) && several) {
        throw new IllegalArgumentException(
            "it repeats what may take more or less of a text itself, which may never end");
      }
      long size = product(body.size(), Math.max(1, endless ? least : most));
      if (size > MOST_SIZE) {
        throw new IllegalArgumentException(
            "it repeats something more than %,d times".formatted(MOST_SIZE));
      }
      // In Oniguruma's syntax {1,3}+ is a loop of what is repeated: two loops where it may fail.
      int loops = body.loops() + (twice ? 2 : endless ? 1 : 0);
      return new Cost(
          least > 0 && body.mayFail(),
          loops,
          endless ? 1 : product(body.choices(), most - least + 1),
          body.innerLoops(),
          body.innerChoices(),
          least == 0 || body.empty(),
          size);
    }

    private Cost group(int depth) {
      Matcher lineEnd = LINE_END.matcher(regex).region(at, regex.length());
      if (lineEnd.lookingAt()) {
        at = lineEnd.end();
        return Cost.CHARACTER;
      }
      at++;
      boolean atomic = false;
      boolean around = false;
      if (regex.startsWith("?", at)) {
        at++;
        String rest = regex.substring(at);
        if (rest.startsWith("#")) {
          int end = regex.indexOf(')', at);
          at = end < 0 ? regex.length() : end + 1;
          return Cost.NOTHING;
        }
        if (rest.matches("(?s)<?[=!].*")) {
          around = true;
          at += rest.startsWith("<") ? 2 : 1;
        } else if (rest.startsWith(">")) {
          atomic = true;
          at++;
        } else if (rest.matches("(?s)<[A-Za-z_]\\w*>.*")) {
          at = regex.indexOf('>', at) + 1;
        } else if (rest.matches("(?s)[imsx-]*:.*")) {
          at = regex.indexOf(':', at) + 1;
        } else if (rest.matches("(?s)[imsx-]+\\).*")) {
          at = regex.indexOf(')', at) + 1;
          return Cost.NOTHING;
        } else {
          throw new IllegalArgumentException("it has a kind of group that is not taken");
        }
      }
      Cost body = alternatives(depth + 1);
      if (!regex.startsWith(")", at)) {
        throw new IllegalArgumentException("a parenthesis is not closed");
      }
      at++;
      if (atomic || around) {
        if (around && body.loops() > 0) {
          retried.add("");
        }
        return new Cost(
            around || body.mayFail(),
            0,
            1,
            body.innerLoops(),
            body.innerChoices(),
            around || body.empty(),
            body.size());
      }
      return body;
    }

    private Cost atom() {
      char c = regex.charAt(at);
      if (c == '[') {
        set();
      } else if (c == '\\') {
        return escape();
      } else {
        at += Character.charCount(regex.codePointAt(at));
      }
      return c == '^' || c == '$' ? Cost.ANCHOR : Cost.CHARACTER;
    }

    private Cost escape() {
      at++;
      if (at >= regex.length()) {
        throw new IllegalArgumentException("it ends in a backslash");
      }
      char c = regex.charAt(at++);
      if ((c >= '1' && c <= '9') || "kgXK".indexOf(c) >= 0) {
        throw new IllegalArgumentException("'\\" + c + "' is not taken here");
      }
      if ((c == 'p' || c == 'P' || c == 'x') && regex.startsWith("{", at)) {
        int end = regex.indexOf('}', at);
        if (end < 0) {
          throw new IllegalArgumentException("a brace is not closed");
        }
        at = end + 1;
      } else if (c == 'x' || c == 'u') {
        at = Math.min(regex.length(), at + (c == 'x' ? 2 : 4));
      }
      return "bBAzZGyY".indexOf(c) >= 0 ? Cost.ANCHOR : Cost.CHARACTER;
    }

    private void set() {
      int open = 0;
      boolean first = true;
      do {
        if (at >= regex.length()) {
          throw new IllegalArgumentException("a set is not closed");
        }
        char c = regex.charAt(at);
        boolean literal = c == ']' && first;
        first = false;
        if (c == '\\') {
          at += 2;
          continue;
        }
        at++;
        if (c == '[') {
          open++;
          if (open > MOST_NESTED) {
            throw new IllegalArgumentException("it nests too deeply");
          }
          if (regex.startsWith("^", at)) {
            at++;
          }
          first = true;
        } else if (c == ']' && !literal) {
          open--;
        }
      } while (open > 0);
    }
  }

  private static long product(long a, long b) {
    return Math.min(a, 1L << 30) * Math.min(b, 1L << 30);
  }
}
