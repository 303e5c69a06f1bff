package dev.polyphase.rescanner;

import dev.polyphase.weights.FusedExperts;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A module's name, as {@code model.layers.3.self_attn.q_proj}. Names are ordered by layer, those of
 * no layer last, then part by part, numbers by their value.
 *
 * <p>What is read off a name is so once: large mixtures have tens of thousands of them to sort.
 */
public final class ModuleName implements Comparable<ModuleName> {
  private static final Pattern EXPERT = Pattern.compile("((?:^|\\.)experts\\.)[0-9]+(\\.|$)");

  /** The digits of a layer; a larger number is none. */
  private static final int MOST_DIGITS = 9;

  private static final Comparator<ModuleName> ORDER =
      Comparator.comparingInt((ModuleName name) -> name.layer().orElse(Integer.MAX_VALUE))
          .thenComparing(name -> name.numbersApart, ModuleName::compareParts)
          .thenComparing(ModuleName::text);

  private final String text;
  private final List<String> parts;

  /** As {@link #parts}, and the number of an expert that shares a tensor is one too. */
  private final List<String> numbersApart;

  private final int numberIndex;
  private final OptionalInt layer;

  /**
   * Takes a name.
   *
   * @param text the name, without {@code .weight}
   */
  public ModuleName(String text) {
    this.text = text;
    this.parts = Arrays.asList(text.split("\\.", -1));
    this.numbersApart =
        FusedExperts.partName(text)
            .map(part -> Arrays.asList((part.tensor() + "." + part.expert()).split("\\.", -1)))
            .orElse(parts);
    this.numberIndex = numberIndex(parts);
    this.layer =
        numberIndex < 0 || parts.get(numberIndex).length() > MOST_DIGITS
            ? OptionalInt.empty()
            : OptionalInt.of(Integer.parseInt(parts.get(numberIndex)));
  }

  /** The module that a tensor is the weight or the bias of; any other tensor is one by itself. */
  public static ModuleName ofTensor(String tensorName) {
    return new ModuleName(
        FusedExperts.moduleOf(tensorName)
            .orElseGet(() -> tensorName.replaceFirst("\\.(weight|bias)$", "")));
  }

  /** The name, without {@code .weight}. */
  public String text() {
    return text;
  }

  /**
   * The type as the published scanner names it: what follows the first number, or the whole name
   * where there is none. In a mixture of experts each expert is thus a type of its own.
   */
  public String type() {
    return numberIndex < 0 ? text : String.join(".", parts.subList(numberIndex + 1, parts.size()));
  }

  /**
   * The type of a module together with those of all experts beside it: {@code
   * mlp.experts.*.gate_proj} of {@code mlp.experts.5.gate_proj}, {@code mlp.experts.gate_up_proj}
   * of {@code mlp.experts.gate_up_proj[5]}. Of any other module it is {@link #type()}.
   */
  public String sharedType() {
    return sharedType(type());
  }

  /** The type of all experts' modules, of a {@link #type()} of one of them; of any other itself. */
  public static String sharedType(String type) {
    String whole = FusedExperts.partName(type).map(FusedExperts.PartName::stem).orElse(type);
    return EXPERT.matcher(whole).replaceFirst("$1*$2");
  }

  /** The layer: the first number in the name. */
  public OptionalInt layer() {
    return layer;
  }

  @Override
  public int compareTo(ModuleName other) {
    return ORDER.compare(this, other);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ModuleName name && text.equals(name.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }

  private static int numberIndex(List<String> parts) {
    for (int i = 0; i < parts.size(); i++) {
      if (isNumber(parts.get(i))) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isNumber(String part) {
    return !part.isEmpty() && part.chars().allMatch(digit -> '0' <= digit && digit <= '9');
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
    if (left.equals(right)) {
      return 0;
    }
    return isNumber(left) && isNumber(right)
        ? new BigInteger(left).compareTo(new BigInteger(right))
        : left.compareTo(right);
  }
}
