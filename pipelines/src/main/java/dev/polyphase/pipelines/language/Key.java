package dev.polyphase.pipelines.language;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A key of the language as its reader asked for it.
 *
 * @param forms what it may hold: one of these
 * @param required whether it must be there, where nothing is inherited
 * @param absent its default, or null where it has none: a text, a number, a boolean, a list of
 *     texts
 */
record Key(List<Form> forms, boolean required, @Nullable Object absent) {

  static Key required(Form form) {
    return new Key(List.of(form), true, null);
  }

  static Key optional(Form form, @Nullable Object absent) {
    return new Key(List.of(form), false, absent);
  }

  /** What a key may hold. */
  sealed interface Form {
    /** A text. */
    record Text(Wording wording) implements Form {}

    /**
     * A list of texts.
     *
     * @param least how many at least
     */
    record Texts(Wording wording, int least) implements Form {}

    /** A number within a range. */
    record Decimal(Range range) implements Form {}

    /** A whole number from {@code least} to {@code most}. */
    record Whole(long least, long most) implements Form {}

    /** True or false. */
    record Flag() implements Form {}

    /** One of these words. */
    record Choice(List<String> words) implements Form {}

    /** A mapping with these keys. */
    record Block(Map<String, Key> keys) implements Form {}

    /**
     * A list of mappings with these keys.
     *
     * @param least how many at least
     */
    record Blocks(Map<String, Key> keys, int least) implements Form {}
  }

  /** The keys of two readings of one block, in the order of the first. */
  static Map<String, Key> merge(Map<String, Key> one, Map<String, Key> other) {
    Map<String, Key> merged = new LinkedHashMap<>(one);
    other.forEach((name, key) -> merged.merge(name, key, Key::mergedWith));
    return merged;
  }

  private Key mergedWith(Key other) {
    List<Form> merged = new ArrayList<>(forms);
    for (Form form : other.forms) {
      merged.replaceAll(own -> merged(own, form));
      boolean isBlock = form instanceof Form.Block || form instanceof Form.Blocks;
      boolean isThere =
          merged.contains(form)
              || (isBlock && merged.stream().anyMatch(own -> own.getClass() == form.getClass()));
      if (!isThere) {
        merged.add(form);
      }
    }
    return new Key(merged, required || other.required, absent == null ? other.absent : absent);
  }

  /** The first form, with the second's keys where both are of the same kind. */
  private static Form merged(Form own, Form other) {
    if (own instanceof Form.Block block && other instanceof Form.Block more) {
      return new Form.Block(merge(block.keys(), more.keys()));
    }
    if (own instanceof Form.Blocks blocks && other instanceof Form.Blocks more) {
      return new Form.Blocks(merge(blocks.keys(), more.keys()), blocks.least());
    }
    return own;
  }
}
