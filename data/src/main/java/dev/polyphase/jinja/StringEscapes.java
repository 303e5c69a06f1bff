package dev.polyphase.jinja;

/** The escapes of Python's string literals. */
final class StringEscapes {
  private StringEscapes() {}

  /** What a literal without its quotes stands for; an unknown escape stands for itself. */
  static String decoded(String literal) {
    if (literal.indexOf('\\') < 0) {
      return literal;
    }
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < literal.length()) {
      char c = literal.charAt(i);
      if (c != '\\' || i + 1 == literal.length()) {
        text.append(c);
        i++;
        continue;
      }
      char escape = literal.charAt(i + 1);
      int simple = "\\'\"abfnrtv".indexOf(escape);
      int digits = hexDigits(escape);
      if (simple >= 0) {
        text.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
        i += 2;
      } else if (escape == '\n') {
        i += 2;
      } else if (escape >= '0' && escape <= '7') {
        int end = i + 1;
        while (end < Math.min(i + 4, literal.length())
            && literal.charAt(end) >= '0'
            && literal.charAt(end) <= '7') {
          end++;
        }
        text.appendCodePoint(Integer.parseInt(literal.substring(i + 1, end), 8));
        i = end;
      } else if (digits > 0 && isHex(literal, i + 2, digits)) {
        text.appendCodePoint(Integer.parseInt(literal.substring(i + 2, i + 2 + digits), 16));
        i += 2 + digits;
      } else {
        text.append(c);
        i++;
      }
    }
    return text.toString();
  }

  private static int hexDigits(char escape) {
    return switch (escape) {
      case 'x' -> 2;
      case 'u' -> 4;
      case 'U' -> 8;
      default -> 0;
    };
  }

  private static boolean isHex(String literal, int start, int digits) {
    if (start + digits > literal.length()) {
      return false;
    }
    String hex = literal.substring(start, start + digits);
    return hex.chars().allMatch(c -> Character.digit(c, 16) >= 0)
        && Long.parseLong(hex, 16) <= Character.MAX_CODE_POINT;
  }
}
