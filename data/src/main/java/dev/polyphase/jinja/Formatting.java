package dev.polyphase.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's two ways to fill values into a string. */
final class Formatting {
  private static final Pattern CONVERSION =
      Pattern.compile(
          "%(?:\\(([^)]*)\\))?([-+ #0]*)(\\*|\\d+)?(?:\\.(\\*|\\d*))?[hlL]?(.)", Pattern.DOTALL);
  private static final Pattern FIELD_PART = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");
  private static final int MAX_NESTING = 2;

  private Formatting() {}

  /**
   * {@code template % values}.
   *
   * @param values a tuple of them, a mapping for {@code %(name)s}, or the only one
   * @throws Fault if they do not fit the template
   */
  static Value.Text percent(Value.Text template, Value values) {
    boolean several = values instanceof Value.Series series && series.kind().isTuple();
    Iterator<Value> left =
        several ? ((Value.Series) values).items().iterator() : List.of(values).iterator();
    Output output = new Output();
    String text = template.value();
    Matcher matcher = CONVERSION.matcher(text);
    int at = 0;
    for (int next = text.indexOf('%'); next >= 0; next = text.indexOf('%', at)) {
      output.append(template, at, next);
      Budget.work(500);
      if (!matcher.region(next, text.length()).lookingAt()) {
        throw new Fault("incomplete format");
      }
      at = matcher.end();
      if (matcher.group(5).equals("%")) {
        output.append("%");
        continue;
      }
      @Nullable String name = matcher.group(1);
      int width = size(matcher.group(3), 0, left);
      int precision = matcher.group(4) == null ? -1 : size("0" + matcher.group(4), 0, left);
      Conversion conversion = new Conversion(matcher.group(2), width, precision, matcher.group(5));
      output.append(conversion.of(name == null ? next(left) : named(name, values)));
    }
    // What has elements by key may bring more of them than the template takes.
    boolean keyed =
        values instanceof Value.Mapping
            || values instanceof Value.Undefined
            || (values instanceof Value.Series && !several);
    if (left.hasNext() && !keyed) {
      throw new Fault("not all arguments converted during string formatting");
    }
    return output.append(template, at, text.length()).toText();
  }

  private static int size(@Nullable String written, int otherwise, Iterator<Value> left) {
    if (written == null || !written.endsWith("*")) {
      return FormatSpec.size(written == null ? "" : written, otherwise);
    }
    @Nullable BigInteger given = Arithmetic.wholeOrNull(next(left));
    if (given == null) {
      throw new Fault("* wants int");
    }
    return given.signum() * FormatSpec.size(given.abs().toString(), 0);
  }

  private static Value next(Iterator<Value> left) {
    if (!left.hasNext()) {
      throw new Fault("not enough arguments for format string");
    }
    return left.next();
  }

  private static Value named(String name, Value values) {
    @Nullable Value value =
        values instanceof Value.Mapping mapping
            ? Comparison.ofKey(mapping.entries(), Value.text(name))
            : null;
    if (value == null) {
      throw new Fault("the format's values have no '" + name + "'");
    }
    return value;
  }

  /** {@code %-8.2f}: its flags, its sizes (-1 where there is no precision) and its letter. */
  private record Conversion(String flags, int width, int precision, String type) {

    Value.Text of(Value value) {
      return switch (type) {
        case "s" -> padded(Writing.text(value), precision);
        case "r", "a" -> padded(represented(value), precision);
        case "c" -> padded(character(value), -1);
        case "d", "i", "u" ->
            whole(value instanceof Value.Real real ? truncated(real) : value, "d");
        case "o", "x", "X" -> whole(value, type);
        case "e", "E", "f", "F", "g", "G" -> {
          if (!(value instanceof Value.Real) && Arithmetic.wholeOrNull(value) == null) {
            throw new Fault("must be a real number, not " + value.typeName());
          }
          yield spec(type, Math.abs(width), hasFlag("0") && !isLeft(), precision).of(value);
        }
        default -> throw new Fault("unsupported format character '" + type + "'");
      };
    }

    private boolean hasFlag(String flag) {
      return flags.contains(flag);
    }

    private boolean isLeft() {
      return hasFlag("-") || width < 0;
    }

    private Value.Text padded(Value.Text text, int most) {
      Value.Text cut = FormatSpec.cut(text, most);
      int padding = Math.abs(width) - PythonText.length(cut.value());
      return FormatSpec.padded(cut, padding, isLeft() ? "<" : ">", " ");
    }

    private FormatSpec spec(String type, int width, boolean zero, int precision) {
      String sign = hasFlag("+") ? "+" : hasFlag(" ") ? " " : "";
      String align = isLeft() ? "<" : "";
      return new FormatSpec("", align, sign, hasFlag("#"), zero, width, "", precision, type);
    }

    private Value.Text whole(Value value, String type) {
      @Nullable BigInteger whole = Arithmetic.wholeOrNull(value);
      if (whole == null) {
        throw new Fault("%" + type + " takes a number, not " + value.typeName());
      }
      Value number = new Value.Whole(whole, value.source());
      if (precision < 0) {
        return spec(type, Math.abs(width), hasFlag("0") && !isLeft(), -1).of(number);
      }
      // Before the digits, as many as the precision says, are a sign and the prefix of the base.
      int more = (whole.signum() < 0 || hasFlag("+") || hasFlag(" ") ? 1 : 0);
      int prefix = hasFlag("#") && !type.equals("d") ? 2 : 0;
      FormatSpec digits = spec(type, precision + more + prefix, true, -1).with("=");
      return padded(digits.of(number), -1);
    }

    private static Value.Text character(Value value) {
      @Nullable BigInteger code = Arithmetic.wholeOrNull(value);
      if (code != null) {
        return Value.text(FormatSpec.character(code));
      }
      if (value instanceof Value.Text text && PythonText.length(text.value()) == 1) {
        return text;
      }
      throw new Fault("the letter c of a format takes an int or a character");
    }

    private static Value truncated(Value.Real real) {
      if (!Double.isFinite(real.value())) {
        throw new Fault("a float that is not finite has no whole number");
      }
      return new Value.Whole(new BigDecimal(real.value()).toBigInteger(), real.source());
    }
  }

  private static Value.Text represented(Value value) {
    Output output = new Output();
    Writing.represent(value, output);
    return output.toText();
  }

  /**
   * {@code template.format(values)}.
   *
   * @throws Fault if they do not fit the template
   */
  static Value.Text braces(Value.Text template, Arguments values) {
    return new Braces(values).filled(template, MAX_NESTING);
  }

  /** One filling, in which fields without a name are counted. */
  private static final class Braces {
    private final Arguments values;
    private int counted;
    private boolean numbered;

    Braces(Arguments values) {
      this.values = values;
    }

    Value.Text filled(Value.Text template, int nesting) {
      String text = template.value();
      Output output = new Output();
      int at = 0;
      while (at < text.length()) {
        char c = text.charAt(at);
        boolean brace = c == '{' || c == '}';
        if (!brace) {
          int end = at;
          while (end < text.length() && text.charAt(end) != '{' && text.charAt(end) != '}') {
            end++;
          }
          output.append(template, at, end);
          at = end;
        } else if (at + 1 < text.length() && text.charAt(at + 1) == c) {
          output.append(template, at, at + 1);
          at += 2;
        } else {
          int end = c == '}' ? -1 : closing(text, at);
          if (end < 0) {
            throw new Fault("single '" + c + "' encountered in format string");
          }
          output.append(field(text.substring(at + 1, end), nesting));
          at = end + 1;
        }
      }
      return output.toText();
    }

    private static int closing(String text, int open) {
      int depth = 0;
      for (int i = open; i < text.length(); i++) {
        depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
        if (depth == 0) {
          return i;
        }
      }
      return -1;
    }

    /** {@code name!conversion:specification}. */
    private Value.Text field(String field, int nesting) {
      if (nesting == 0) {
        throw new Fault("the format's fields nest too deeply");
      }
      int colon = field.indexOf(':');
      String name = colon < 0 ? field : field.substring(0, colon);
      int mark = name.indexOf('!');
      Value value = value(mark < 0 ? name : name.substring(0, mark));
      if (mark >= 0) {
        value =
            switch (name.substring(mark + 1)) {
              case "s" -> Writing.text(value);
              case "r", "a" -> represented(value);
              default -> throw new Fault("unknown conversion specifier in '" + field + "'");
            };
      }
      String spec = colon < 0 ? "" : field.substring(colon + 1);
      if (spec.indexOf('{') >= 0) {
        spec = filled(Value.text(spec), nesting - 1).value();
      }
      return FormatSpec.parse(spec).of(value);
    }

    private Value value(String name) {
      int end = 0;
      while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
        end++;
      }
      Value value = first(name.substring(0, end));
      Matcher part = FIELD_PART.matcher(name);
      while (end < name.length()) {
        if (!part.region(end, name.length()).lookingAt()) {
          throw new Fault("the format's field '" + name + "' is malformed");
        }
        Budget.work(50);
        String key = part.group(2);
        value =
            key == null
                ? Attributes.of(value, part.group(1))
                : Subscripts.item(value, ElementKey.key(key));
        end = part.end();
      }
      return value;
    }

    private Value first(String name) {
      if (name.isEmpty() || ElementKey.isIndex(name)) {
        numbered |= !name.isEmpty();
        int index = name.isEmpty() ? counted++ : Integer.parseInt(name);
        if (numbered && counted > 0) {
          throw new Fault("a format's fields are all numbered or none of them is");
        }
        if (index >= values.positional().size()) {
          throw new Fault("replacement index " + index + " out of range for positional args tuple");
        }
        return values.positional().get(index);
      }
      @Nullable Value value = values.named().get(name);
      if (value == null) {
        throw new Fault("the format has no value for '" + name + "'");
      }
      return value;
    }
  }
}
