package dev.polyphase.rescanner;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * A module's name, as {@code model.layers.3.self_attn.q_proj}. Names are ordered by layer, those of
 * no layer last, then part by part, numbers by their value.
 *
 * @param text the name, without {@code .weight}
 */
public record ModuleName(String text) implements Comparable<ModuleName> {
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");
  private static final Pattern LAYER = Pattern.compile("[0-9]{1,9}");

  private static final Comparator<ModuleName> ORDER =
      Comparator.comparingInt((ModuleName name) -> name.layer().orElse(Integer.MAX_VALUE))
          .thenComparing(ModuleName::parts, ModuleName::compareParts)
          .thenComparing(ModuleName::text);

  /**
   * The type as the published scanner names it: what follows the first number, or the whole name
   * where there is none. In a mixture of experts each expert is thus a type of its own.
   */
  public String type() {
    List<String> parts = parts();
    int number = numberIndex();
    return number < 0 ? text : String.join(".", parts.subList(number + 1, parts.size()));
  }

  /** The layer: the first number in the name. */
  public OptionalInt layer() {
    int number = numberIndex();
    if (number < 0 || !LAYER.matcher(parts().get(number)).matches()) {
      return OptionalInt.empty();
    }
    return OptionalInt.of(Integer.parseInt(parts().get(number)));
  }

  @Override
  public int compareTo(ModuleName other) {
    return ORDER.compare(this, other);
  }

  private List<String> parts() {
    return Arrays.asList(text.split("\\.", -1));
  }

  private int numberIndex() {
    List<String> parts = parts();
    for (int i = 0; i < parts.size(); i++) {
      if (NUMBER.matcher(parts.get(i)).matches()) {
        return i;
      }
    }
    return -1;
  }

  private static int compareParts(List<String> left, List<String> right) {
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      int order = comparePart(left.get(i), right.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  private static int comparePart(String left, String right) {
    boolean numbers = NUMBER.matcher(left).matches() && NUMBER.matcher(right).matches();
    return numbers ? new BigInteger(left).compareTo(new BigInteger(right)) : left.compareTo(right);
  }
}
