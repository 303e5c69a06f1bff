package dev.polyphase.jinja;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Which of the variables the characters of a text come from: one for all, or several. */
sealed interface Origins permits Source, Origins.Pieces {

  /** What becomes of a text whose characters are changed, none of them moved. */
  interface Change extends UnaryOperator<String> {}

  /** The origins of a part of the text, between two UTF-16 indices; null for none. */
  @Nullable Origins part(int start, int end);

  /** The origins of the text after it was changed. */
  @Nullable Origins changed(String changed, String original, Change change);

  /** Parts of a text that come from somewhere; what is between them does not. */
  final class Pieces implements Origins {
    /** What a piece takes of the memory, in bytes. */
    static final int BYTES = 12;

    private final int[] bounds;
    private final Source[] sources;

    private Pieces(int[] bounds, Source[] sources) {
      this.bounds = bounds;
      this.sources = sources;
    }

    int count() {
      return sources.length;
    }

    int start(int piece) {
      return bounds[2 * piece];
    }

    int end(int piece) {
      return bounds[2 * piece + 1];
    }

    Source source(int piece) {
      return sources[piece];
    }

    @Override
    public @Nullable Origins part(int start, int end) {
      int first = firstAfter(start);
      int last = first;
      while (last < sources.length && bounds[2 * last] < end) {
        last++;
      }
      int[] within = Arrays.copyOfRange(bounds, 2 * first, 2 * last);
      for (int i = 0; i < within.length; i++) {
        within[i] = Math.max(start, Math.min(end, within[i])) - start;
      }
      return Origins.ofPieces(within, Arrays.copyOfRange(sources, first, last), end - start);
    }

    /** The first piece that ends after an index. */
    private int firstAfter(int index) {
      int low = 0;
      int high = sources.length;
      while (low < high) {
        int middle = (low + high) / 2;
        if (bounds[2 * middle + 1] <= index) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }

    @Override
    public @Nullable Origins changed(String changed, String original, Change change) {
      if (changed.length() == original.length()) {
        return this;
      }
      Budget.read(4L * original.length());
      int[] moved = new int[bounds.length];
      int from = 0;
      int to = 0;
      for (int i = 0; i < bounds.length; i++) {
        to += change.apply(original.substring(from, bounds[i])).length();
        from = bounds[i];
        moved[i] = Math.min(to, changed.length());
      }
      return Origins.ofPieces(moved, sources, changed.length());
    }
  }

  /**
   * The origins of a text whose pieces these are.
   *
   * @param bounds where each begins and ends, in order
   * @param sources where each comes from
   * @param length how long the text is
   */
  static @Nullable Origins ofPieces(int[] bounds, Source[] sources, int length) {
    if (sources.length == 0) {
      return null;
    }
    if (sources.length == 1 && bounds[0] == 0 && bounds[1] == length) {
      return sources[0];
    }
    Budget.made((long) Pieces.BYTES * sources.length);
    return new Pieces(bounds, sources);
  }
}
