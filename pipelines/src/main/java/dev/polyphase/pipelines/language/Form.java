package dev.polyphase.pipelines.language;

import java.util.List;

/** What a key may hold, as editors are told. */
sealed interface Form {
  /** A text. */
  record Text(Wording wording) implements Form {}

  /**
   * A list of single values.
   *
   * @param entry what each of them may be
   * @param least how many at least
   * @param once whether none of them may be there twice
   */
  record Many(Form entry, int least, boolean once) implements Form {}

  /** A number within a range. */
  record Decimal(Range range) implements Form {}

  /** A whole number from {@code least} to {@code most}. */
  record Whole(long least, long most) implements Form {}

  /** True or false. */
  record Flag() implements Form {}

  /** One of these words. */
  record Choice(List<String> words) implements Form {}

  /** A mapping with these keys. */
  record Block(List<DeclaredKey<?>> keys) implements Form {}

  /**
   * A list of mappings with these keys.
   *
   * @param least how many at least
   */
  record Blocks(List<DeclaredKey<?>> keys, int least) implements Form {}

  /** A mapping with any keys. */
  record AnyMapping() implements Form {}

  /** The keys of the mappings that a form is of. */
  static List<DeclaredKey<?>> keysIn(Form form) {
    if (form instanceof Block block) {
      return block.keys();
    }
    return form instanceof Blocks blocks ? blocks.keys() : List.of();
  }
}
