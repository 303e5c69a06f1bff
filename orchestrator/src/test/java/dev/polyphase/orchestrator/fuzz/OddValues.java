package dev.polyphase.orchestrator.fuzz;

import java.util.List;
import java.util.Random;

/** Values that readers do not count on, as JSON writes them or would if it could. */
final class OddValues {
  static final List<String> NUMBERS =
      List.of(
          "0",
          "-0.0",
          "1",
          "-1",
          "2",
          "3",
          "0.5",
          "1.5",
          "64.0",
          "1e-320",
          "1e-9",
          "1e30",
          "1e308",
          "1e999",
          "-1e999",
          "NaN",
          "Infinity",
          "-Infinity",
          "100000",
          "2147483647",
          "2147483648",
          "-2147483649",
          "4294967296",
          "1099511627776",
          "9007199254740993",
          "9223372036854775807",
          "-9223372036854775808",
          "9223372036854775808",
          "1e400000000",
          "1e99999999999",
          "9".repeat(900),
          "9".repeat(2_000));

  private static final List<String> TEXTS =
      List.of(
          "\"\"",
          "\" \"",
          "\"a\"",
          "\"1\"",
          "\"NaN\"",
          "\"null\"",
          "\"../beside/kept.txt\"",
          "\"../../beside\"",
          "\"..\"",
          "\".\"",
          "\"/\"",
          "\"/dev/null\"",
          "\"/etc/hostname\"",
          "\"~\"",
          "\"no/such/file\"",
          "\"*\"",
          "\"**/*\"",
          "\"[\"",
          "\"(\"",
          "\"(a+)+$\"",
          "\"re:(a*)*b\"",
          "\"a\\u0000b\"",
          "\"\\ud800\"",
          "\"\\udfff x\"",
          "\"\\u001b[31mred\"",
          "\"two\\nlines\\r\"",
          "\"\\u202egnp.exe\"",
          "\"\\ufeff\"",
          "\"\\ud835\\udd18 \\u00fc\"",
          "\"<script>alert(1)</script>\"",
          "\"{{ 1 }}{% for %}\"",
          "\"%s%n%d\"",
          "\"$\\\\1\"",
          "\"" + "x".repeat(300) + "\"",
          "\"" + "long ".repeat(600) + "\"");

  private static final List<String> OTHERS =
      List.of(
          "null",
          "true",
          "false",
          "[]",
          "{}",
          "[null]",
          "[[]]",
          "[1,2,3]",
          "[-1]",
          "[\"a\",1,null,{}]",
          "{\"\":null}",
          "{\"a\":{\"b\":[1]}}",
          "{\"type\":\"x\"}",
          "[0" + ",0".repeat(20_000) + "]",
          "[".repeat(900) + "]".repeat(900),
          "[".repeat(20_000) + "]".repeat(20_000),
          "{\"a\":".repeat(3_000) + "1" + "}".repeat(3_000));

  private OddValues() {}

  /** Any of them. */
  static String any(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> one(NUMBERS, random);
      case 1 -> one(TEXTS, random);
      default -> one(OTHERS, random);
    };
  }

  /** One of a list. */
  static <T> T one(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }
}
