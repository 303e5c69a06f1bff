package dev.polyphase.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a value is written into a string: Python's format specification, as {@code >8.2f}, to which
 * the {@code %} operator's comes down too.
 *
 * @param fill what pads the text; empty for what the value's type takes
 * @param align {@code <}, {@code >}, {@code ^} or {@code =}; empty for what the value's type takes
 * @param sign {@code +}, a space or nothing
 * @param alternate whether numbers of other bases have their prefix, and floats keep their zeros
 * @param zero whether numbers are padded with zeros
 * @param width how many characters at least
 * @param grouping {@code ,} or {@code _} or nothing
 * @param precision digits of a float, characters of a string; -1 where none are given
 * @param type how the value is written; empty for what its type takes
 */
record FormatSpec(
    String fill,
    String align,
    String sign,
    boolean alternate,
    boolean zero,
    int width,
    String grouping,
    int precision,
    String type) {
  private static final Pattern SPEC =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([bcdeEfFgGnosxX%])?",
          Pattern.DOTALL);
  private static final FormatSpec PLAIN = parse("");
  private static final int MAX_SIZE = 100_000;

  /**
   * The specification that a text writes down.
   *
   * @throws Fault if it is none
   */
  static FormatSpec parse(String text) {
    Budget.work(500);
    Matcher matcher = SPEC.matcher(text);
    if (!matcher.matches()) {
      throw new Fault("invalid format specifier '" + text + "'");
    }
    return new FormatSpec(
        group(matcher, 1),
        group(matcher, 2),
        group(matcher, 3).replace("-", ""),
        matcher.group(4) != null,
        matcher.group(5) != null,
        size(group(matcher, 6), 0),
        group(matcher, 7),
        size(group(matcher, 8), -1),
        group(matcher, 9));
  }

  private static String group(Matcher matcher, int group) {
    @Nullable String found = matcher.group(group);
    return found == null ? "" : found;
  }

  /** A width or precision; a default for no digits. */
  static int size(String digits, int otherwise) {
    if (digits.isEmpty()) {
      return otherwise;
    }
    if (digits.length() > 8 || Integer.parseInt(digits) > MAX_SIZE) {
      throw new Fault("the format's size %.20s is too large".formatted(digits));
    }
    return Integer.parseInt(digits);
  }

  /**
   * A value as text.
   *
   * @throws Fault if its type has no such format
   */
  Value.Text of(Value value) {
    if (equals(PLAIN)) {
      return Writing.text(value);
    }
    if (value instanceof Value.Text text) {
      return ofText(text);
    }
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(value);
    boolean real = value instanceof Value.Real || (!type.isEmpty() && "eEfFgG%".contains(type));
    if (whole != null && !real) {
      return padded(ofWhole(whole), value);
    }
    if (whole != null || value instanceof Value.Real) {
      double number = whole == null ? ((Value.Real) value).value() : whole.doubleValue();
      return padded(ofReal(number), value);
    }
    throw new Fault("unsupported format string passed to " + value.typeName());
  }

  /** The same with another alignment. */
  FormatSpec with(String alignment) {
    return new FormatSpec(fill, alignment, sign, alternate, zero, width, grouping, precision, type);
  }

  private Value.Text ofText(Value.Text text) {
    if (!(type.isEmpty() || type.equals("s")) || !sign.isEmpty() || align.equals("=")) {
      throw unknown("str");
    }
    Value.Text cut = cut(text, precision);
    int padding = width - PythonText.length(cut.value());
    return padded(cut, padding, align.isEmpty() ? "<" : align, filling());
  }

  /** The first characters of a text, so many at most; all of them for -1. */
  static Value.Text cut(Value.Text text, int most) {
    int length = PythonText.length(text.value());
    return most < 0 || length <= most
        ? text
        : text.part(0, text.value().offsetByCodePoints(0, most));
  }

  private String filling() {
    return !fill.isEmpty() ? fill : zero ? "0" : " ";
  }

  /** The digits of a number and what is before and after them, padded; it comes from the value. */
  private Value.Text padded(String number, Value value) {
    String side = align.isEmpty() ? (zero ? "=" : ">") : align;
    int digits = 0;
    while (side.equals("=")
        && digits < number.length()
        && "+- ".indexOf(number.charAt(digits)) >= 0) {
      digits++;
    }
    if (side.equals("=") && alternate && number.startsWith("0", digits)) {
      digits +=
          number.length() > digits + 1 && Character.isLetter(number.charAt(digits + 1)) ? 2 : 0;
    }
    Value.Text whole = new Value.Text(number, value.source());
    Value.Text head = whole.part(0, digits);
    Value.Text tail = whole.part(digits, number.length());
    String ends = side.equals("=") ? ">" : side;
    Value.Text rest = padded(tail, width - number.length(), ends, filling());
    return new Output().append(head).append(rest).toText();
  }

  /** A text with padding before it, after it or on both sides. */
  static Value.Text padded(Value.Text text, int padding, String align, String fill) {
    if (padding <= 0) {
      return text;
    }
    int before = align.equals("<") ? 0 : align.equals(">") ? padding : padding / 2;
    Limits.requireChars((long) padding * fill.length());
    return new Output()
        .append(fill.repeat(before))
        .append(text)
        .append(fill.repeat(padding - before))
        .toText();
  }

  private String ofWhole(BigInteger whole) {
    if (precision >= 0) {
      throw new Fault("precision not allowed in integer format specifier");
    }
    String digits =
        switch (type) {
          case "", "d", "n" -> Writing.whole(whole.abs());
          case "b" -> whole.abs().toString(2);
          case "o" -> whole.abs().toString(8);
          case "x" -> whole.abs().toString(16);
          case "X" -> whole.abs().toString(16).toUpperCase(Locale.ROOT);
          case "c" -> character(whole);
          default -> throw unknown("int");
        };
    String prefix = alternate && !type.isEmpty() && "boxX".contains(type) ? "0" + type : "";
    int group = type.isEmpty() || "dn".contains(type) ? 3 : 4;
    return signOf(whole.signum() < 0) + prefix + grouped(digits, group);
  }

  /** The character of a number. */
  static String character(BigInteger number) {
    if (number.signum() < 0
        || number.bitLength() > 21
        || !Character.isValidCodePoint(number.intValue())) {
      throw new Fault("the letter c of a format takes the number of a character");
    }
    return Character.toString(number.intValue());
  }

  private String signOf(boolean negative) {
    return negative ? "-" : sign;
  }

  private String grouped(String digits, int size) {
    if (grouping.isEmpty()) {
      return digits;
    }
    StringBuilder grouped = new StringBuilder(digits);
    for (int at = digits.length() - size; at > 0; at -= size) {
      grouped.insert(at, grouping);
    }
    return grouped.toString();
  }

  private String ofReal(double value) {
    boolean percent = type.equals("%");
    double number = percent ? value * 100 : value;
    boolean negative = number < 0 || (number == 0 && 1 / number < 0);
    String digits;
    if (!Double.isFinite(number)) {
      digits = Double.isNaN(number) ? "nan" : "inf";
    } else {
      Budget.work(1000 + 20L * Math.max(0, precision));
      digits = digits(Math.abs(number));
    }
    int point = digits.indexOf('.');
    int end = point >= 0 ? point : digits.indexOf('e') >= 0 ? digits.indexOf('e') : digits.length();
    digits = grouped(digits.substring(0, end), 3) + digits.substring(end) + (percent ? "%" : "");
    return signOf(negative) + (upper() ? digits.toUpperCase(Locale.ROOT) : digits);
  }

  private boolean upper() {
    return !type.isEmpty() && "EFG".contains(type);
  }

  private String digits(double number) {
    BigDecimal exact = new BigDecimal(number);
    int places = precision < 0 ? 6 : precision;
    return switch (type) {
      case "f", "F", "%" ->
          withPoint(exact.setScale(places, RoundingMode.HALF_EVEN).toPlainString());
      case "e", "E" -> exponential(exact, places);
      case "g", "G", "n" -> general(exact, Math.max(1, places), false);
      case "" ->
          precision < 0 ? Writing.real(number) : general(exact, Math.max(1, precision), true);
      default -> throw unknown("float");
    };
  }

  private String withPoint(String digits) {
    return alternate && digits.indexOf('.') < 0 ? digits + "." : digits;
  }

  private String exponential(BigDecimal exact, int places) {
    BigDecimal rounded = exact.round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
    String digits = rounded.unscaledValue().toString();
    int exponent = rounded.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
    String padded = digits + "0".repeat(Math.max(0, places + 1 - digits.length()));
    String mantissa =
        places == 0
            ? padded.substring(0, 1)
            : padded.charAt(0) + "." + padded.substring(1, places + 1);
    return withPoint(mantissa)
        + "e"
        + (exponent < 0 ? "-" : "+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  /** Significant digits, as a fixed number where its exponent is small, less zeros at the end. */
  private String general(BigDecimal exact, int digits, boolean keepsPoint) {
    BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
    if (exponent < -4 || exponent >= digits - (keepsPoint ? 1 : 0)) {
      String whole = exponential(exact, digits - 1);
      int at = whole.indexOf('e');
      return (alternate ? whole.substring(0, at) : stripped(whole.substring(0, at)))
          + whole.substring(at);
    }
    String fixed =
        rounded
            .setScale(Math.max(0, digits - 1 - exponent), RoundingMode.HALF_EVEN)
            .toPlainString();
    String result = alternate ? withPoint(fixed) : stripped(fixed);
    return keepsPoint && result.indexOf('.') < 0 ? result + ".0" : result;
  }

  private static String stripped(String digits) {
    return digits.indexOf('.') < 0 ? digits : digits.replaceAll("0+$", "").replaceAll("\\.$", "");
  }

  private Fault unknown(String typeName) {
    return new Fault("unknown format for an object of type '" + typeName + "'");
  }
}
