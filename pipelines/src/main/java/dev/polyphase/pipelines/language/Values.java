package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongFunction;

/** Turns single values into what is wanted; one that is something else is a problem. */
record Values(Problems problems) {

  /** A text that fits. */
  String text(Node node, Wording wording) {
    // a plain number is text where text is wanted, as in the name 2024; true and false are not
    if (node instanceof Scalar scalar
        && scalar.bool().isEmpty()
        && !scalar.isNull()
        && wording.fits(scalar.text())) {
      return scalar.text();
    }
    return refuse(node, wording.wanted(), "");
  }

  /** A list of texts that fit, perhaps empty. */
  List<String> texts(Node node, Wording wording) {
    if (node instanceof Sequence sequence) {
      return sequence.items().stream().map(item -> text(item, wording)).toList();
    }
    return refuse(node, "a list of " + wording.wanted(), List.of());
  }

  /** A finite number of a range. */
  double number(Node node, Range range) {
    if (node instanceof Scalar scalar) {
      double number = scalar.number().map(BigDecimal::doubleValue).orElse(Double.NaN);
      if (Double.isFinite(number) && range.contains(number)) {
        return number;
      }
    }
    return refuse(node, range.wanted(), 0.0);
  }

  /** A whole number of at least {@code least} and at most {@code most}. */
  long whole(Node node, long least, long most) {
    if (node instanceof Scalar scalar) {
      Optional<Long> number = scalar.number().flatMap(Values::exact);
      if (number.isPresent() && number.get() >= least && number.get() <= most) {
        return number.get();
      }
    }
    return refuse(node, wholeNumber(least, most), least);
  }

  private static String wholeNumber(long least, long most) {
    return "a whole number of at least "
        + least
        + (most == Long.MAX_VALUE ? " and below 2^63" : " and at most " + most);
  }

  /**
   * A whole number of at least {@code least} and at most {@code most}, or a share between 0 and 1.
   */
  Amount amount(Node node, long least, long most) {
    if (node instanceof Scalar scalar && scalar.number().isPresent()) {
      BigDecimal number = scalar.number().get();
      if (Range.PROPER_SHARE.contains(number.doubleValue())) {
        return new Amount.Share(number.doubleValue());
      }
      Optional<Long> whole = exact(number);
      if (whole.isPresent() && whole.get() >= least && whole.get() <= most) {
        return new Amount.Count(whole.get());
      }
    }
    String wanted = wholeNumber(least, most) + ", or a share above 0 and below 1";
    return refuse(node, wanted, new Amount.Count(1));
  }

  /** What a whole number from {@code least} to {@code most}, or a word in its place, stands for. */
  <T> T wholeOrWord(
      Node node, long least, long most, LongFunction<? extends T> ofNumber, String word, T ofWord) {
    if (node instanceof Scalar scalar) {
      if (scalar.text().equals(word)) {
        return ofWord;
      }
      Optional<Long> number = scalar.number().flatMap(Values::exact);
      if (number.isPresent() && number.get() >= least && number.get() <= most) {
        return ofNumber.apply(number.get());
      }
    }
    return refuse(node, word + ", or " + wholeNumber(least, most), ofWord);
  }

  private static Optional<Long> exact(BigDecimal number) {
    try {
      return Optional.of(number.longValueExact());
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  /** One of an enum's constants, by its word. */
  <E extends Enum<E>> E choice(Node node, Class<E> type, E standIn) {
    if (node instanceof Scalar scalar) {
      for (E constant : type.getEnumConstants()) {
        if (word(constant).equals(scalar.text())) {
          return constant;
        }
      }
    }
    return refuse(node, oneOf(type), standIn);
  }

  /** {@code true} or {@code false}. */
  boolean flag(Node node, boolean standIn) {
    Optional<Boolean> flag =
        node instanceof Scalar scalar ? scalar.bool() : Optional.<Boolean>empty();
    return flag.orElseGet(() -> refuse(node, "true or false", standIn));
  }

  /** How an enum's constant is written in a pipeline. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** The words of an enum's constants. */
  static <E extends Enum<E>> List<String> words(Class<E> type) {
    return Arrays.stream(type.getEnumConstants()).map(Values::word).toList();
  }

  /** What a message asks for where one of an enum's constants is wanted. */
  static <E extends Enum<E>> String oneOf(Class<E> type) {
    return "one of " + String.join(", ", words(type));
  }

  /** Reports a value and goes on with another. */
  <T> T refuse(Node node, String wanted, T standIn) {
    refuse(node, wanted);
    return standIn;
  }

  /** Reports a value: what it is and what is wanted. */
  void refuse(Node node, String wanted) {
    String path = node.path().isEmpty() ? "the pipeline" : node.path() + ":";
    problems.add(node.place(), path + " is " + node.found() + "; give " + wanted);
  }
}
