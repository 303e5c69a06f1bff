package dev.polyphase.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters of numbers. */
final class NumberFilters {
  private static final Pattern WHOLE =
      Pattern.compile("([+-]?)(0[xob](?=_?[0-9a-f]))?(_?[0-9a-z](?:_?[0-9a-z]){0,999})");
  private static final Pattern REAL =
      Pattern.compile("[+-]?(\\d++\\.?\\d*+|\\.\\d++)([eE][+-]?\\d++)?");

  static final Map<String, Filters.Filter> BY_NAME =
      Map.of(
          "int", NumberFilters::toWhole,
          "float", NumberFilters::toReal,
          "abs", NumberFilters::magnitude,
          "round", NumberFilters::rounded);

  private NumberFilters() {}

  private static Value toWhole(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("int", "default", "base");
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(required(input));
    if (whole == null && input instanceof Value.Text text) {
      whole = ofDigits(text.value().strip(), bound.whole("base", 10));
    }
    if (whole != null) {
      return new Value.Whole(whole, input.source());
    }
    return real(input)
        .filter(Double::isFinite)
        .<Value>map(value -> new Value.Whole(new BigDecimal(value).toBigInteger(), input.source()))
        .orElse(bound.value("default", Value.whole(0)));
  }

  /** The number that a text is, with the prefix of its base where it has one; else null. */
  private static @Nullable BigInteger ofDigits(String text, int base) {
    Matcher matcher = WHOLE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      return null;
    }
    String prefix = matcher.group(2) == null ? "" : matcher.group(2);
    String digits = matcher.group(3);
    if (prefix.isEmpty() && digits.startsWith("_")) {
      return null;
    }
    int own = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : prefix.equals("0b") ? 2 : 10;
    if (base == 16 && prefix.equals("0b")) {
      digits = "0b" + digits;
    } else if (!prefix.isEmpty() && base != 0 && base != own) {
      return null;
    }
    int radix = base == 0 ? own : base;
    String plain = digits.replace("_", "");
    if (radix < 2 || radix > 36 || plain.chars().anyMatch(c -> Character.digit(c, radix) < 0)) {
      return null;
    }
    BigInteger magnitude = new BigInteger(plain, radix);
    return matcher.group(1).equals("-") ? magnitude.negate() : magnitude;
  }

  private static Value toReal(Value input, Arguments arguments) {
    Value otherwise = arguments.bind("float", "default").value("default", new Value.Real(0));
    return real(required(input))
        .<Value>map(value -> new Value.Real(value, input.source()))
        .orElse(otherwise);
  }

  private static Value magnitude(Value input, Arguments arguments) {
    arguments.bind("abs");
    boolean negative = Comparison.compare(input, Value.whole(0)) < 0;
    return Arithmetic.signed(input, negative);
  }

  /** To the nearest, from halfway to the even one; or always up or down, which makes a float. */
  private static Value rounded(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("round", "precision", "method");
    String method = bound.text("method", "common");
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw new Fault("method must be common, ceil or floor, found " + method);
        };
    int precision = Math.max(-400, Math.min(400, bound.whole("precision", 0)));
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(required(input));
    if (whole != null && method.equals("common")) {
      BigDecimal rounded = new BigDecimal(whole).setScale(Math.min(0, precision), mode);
      return new Value.Whole(rounded.toBigInteger());
    }
    double value =
        Optional.of(input)
            .filter(number -> !(number instanceof Value.Text))
            .flatMap(NumberFilters::real)
            .orElseThrow(() -> new Fault("round takes a number, found " + input.typeName()));
    if (!Double.isFinite(value)) {
      return new Value.Real(value);
    }
    return new Value.Real(new BigDecimal(value).setScale(precision, mode).doubleValue());
  }

  private static Value required(Value input) {
    if (input instanceof Value.Undefined undefined) {
      throw undefined.fault();
    }
    if (input instanceof Value.Text text) {
      Budget.read(4L * text.value().length());
    }
    return input;
  }

  private static Optional<Double> real(Value value) {
    if (value instanceof Value.Real real) {
      return Optional.of(real.value());
    }
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(value);
    if (whole != null) {
      return Optional.of(whole.doubleValue());
    }
    return value instanceof Value.Text text && REAL.matcher(text.value().strip()).matches()
        ? Optional.of(Double.parseDouble(text.value().strip()))
        : Optional.empty();
  }
}
