package dev.polyphase.tokens;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;
import java.util.Deque;

/**
 * The table of a {@code Precompiled} normaliser, as SentencePiece writes it: the length in bytes of
 * a trie, the trie (a double array of 32-bit units, as darts-clone has it), and the texts that
 * replace others, each ended by a zero byte. The tokenizers library trusts it to the last bit; here
 * every way through the trie is gone before.
 */
final class Charsmap {
  /** The longest that Unicode has is 33 bytes. */
  private static final int MOST_BYTES = 256;

  private Charsmap() {}

  /**
   * Reads a table.
   *
   * @return the longest text that replaces another, in bytes
   * @throws IllegalArgumentException if the library could not use it
   */
  static int longestReplacement(String base64) {
    ByteBuffer table = ByteBuffer.wrap(Base64.getDecoder().decode(base64));
    table.order(ByteOrder.LITTLE_ENDIAN);
    int size = table.remaining() < 4 ? -1 : table.getInt();
    if (size < 4 || size % 4 != 0 || size > table.remaining()) {
      throw new IllegalArgumentException("its trie has no length that fits");
    }
    int[] units = new int[size / 4];
    table.asIntBuffer().get(units);
    byte[] texts = new byte[table.remaining() - size];
    table.position(table.position() + size);
    table.get(texts);
    requireUtf8(texts);
    int longest = 0;
    BitSet seen = new BitSet(units.length);
    Deque<Integer> open = new ArrayDeque<>();
    open.push(offset(units[0]));
    while (!open.isEmpty()) {
      int base = open.pop();
      if (base < 0 || (base | 0xff) >= units.length) {
        throw new IllegalArgumentException("its trie points outside of itself");
      }
      for (int label = 1; label < 256; label++) {
        int at = base ^ label;
        int unit = units[at];
        if ((unit & 0x800000ff) != label || seen.get(at)) {
          continue;
        }
        seen.set(at);
        int next = at ^ offset(unit);
        if ((unit >>> 8 & 1) == 1) {
          longest = Math.max(longest, replacement(units, next, texts));
        }
        open.push(next);
      }
    }
    return longest;
  }

  private static int offset(int unit) {
    return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
  }

  /** The length of the text that a leaf names. */
  private static int replacement(int[] units, int leaf, byte[] texts) {
    if (leaf < 0 || leaf >= units.length) {
      throw new IllegalArgumentException("its trie points outside of itself");
    }
    int start = units[leaf] & 0x7fffffff;
    if (start >= texts.length || (texts[start] & 0xc0) == 0x80) {
      throw new IllegalArgumentException("its trie names a text that is not there");
    }
    int end = start;
    while (end < texts.length && texts[end] != 0) {
      end++;
    }
    if (end - start > MOST_BYTES || end == texts.length) {
      throw new IllegalArgumentException(
          "it replaces a character by more than %d bytes".formatted(MOST_BYTES));
    }
    return end - start;
  }

  private static void requireUtf8(byte[] texts) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(texts));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("its texts are not in UTF-8", e);
    }
  }
}
