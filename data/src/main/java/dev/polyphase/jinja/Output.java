package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Text that grows, up to {@link Limits#MAX_CHARS}, and remembers where it comes from. */
final class Output {
  private final StringBuilder text = new StringBuilder();
  private int[] bounds = {};
  private Source[] sources = {};
  private int pieces;
  private int generating;
  private @Nullable Source all;

  /** Text that comes from no variable, or from what {@link #from} says. */
  Output append(String more) {
    return append(more, null);
  }

  Output append(Value.Text more) {
    return append(more.value(), more.origins());
  }

  private Output append(String more, @Nullable Origins origins) {
    int start = text.length();
    int end = start + more.length();
    Limits.requireChars((long) start + more.length());
    Budget.grown(2L * more.length());
    text.append(more);
    if (all != null) {
      mark(start, end, all);
    } else if (origins instanceof Source source) {
      mark(start, end, source);
    } else if (origins instanceof Origins.Pieces several) {
      mark(start, end, several);
    } else {
      markNothing(start, end);
    }
    return this;
  }

  /** A part of another text, between two UTF-16 indices. */
  Output append(Value.Text whole, int start, int end) {
    return append(whole.value().substring(start, end), whole, start, end);
  }

  /** What stands for a part of another text, and comes from where that comes from. */
  Output append(String instead, Value.Text whole, int start, int end) {
    @Nullable Origins origins = whole.origins() == null ? null : whole.origins().part(start, end);
    if (origins instanceof Origins.Pieces several && instead.length() != end - start) {
      return append(instead, several.source(0));
    }
    return append(instead, origins);
  }

  private void mark(int start, int end, Origins.Pieces several) {
    int at = start;
    for (int i = 0; i < several.count(); i++) {
      int from = start + several.start(i);
      int to = start + several.end(i);
      markNothing(at, from);
      mark(from, to, several.source(i));
      at = to;
    }
    markNothing(at, end);
  }

  private void markNothing(int start, int end) {
    if (generating > 0) {
      mark(start, end, Source.GENERATED);
    }
  }

  private void mark(int start, int end, Source from) {
    if (start == end) {
      return;
    }
    Source source = generating > 0 ? from.generated() : from;
    if (pieces > 0 && sources[pieces - 1] == source && bounds[2 * pieces - 1] == start) {
      bounds[2 * pieces - 1] = end;
      return;
    }
    if (pieces == sources.length) {
      int capacity = Math.max(8, 2 * pieces);
      Budget.grown((long) Origins.Pieces.BYTES * (capacity - pieces));
      sources = Arrays.copyOf(sources, capacity);
      bounds = Arrays.copyOf(bounds, 2 * capacity);
    }
    bounds[2 * pieces] = start;
    bounds[2 * pieces + 1] = end;
    sources[pieces] = source;
    pieces++;
  }

  /**
   * Lets all that is written come from one value, as its JSON does: the outermost one, but beneath
   * a whole variable or an element of one the next, so that a message's JSON is told apart.
   *
   * @return what all came from until now
   */
  @Nullable Source from(@Nullable Source source) {
    @Nullable Source outer = all;
    if (source != null && (outer == null || outer.isNearTheTop())) {
      all = source;
    }
    return outer;
  }

  /** Goes back to what was before {@link #from}, which returned it. */
  void backTo(@Nullable Source outer) {
    all = outer;
  }

  /** What is written from now on is what the model is to say. */
  void beginGeneration() {
    generating++;
  }

  void endGeneration() {
    generating--;
  }

  /** What it holds of the memory, in bytes. */
  long bytes() {
    return 2L * text.length() + (long) Origins.Pieces.BYTES * sources.length;
  }

  /** What was written, with where it comes from. */
  Value.Text toText() {
    return new Value.Text(
        text.toString(),
        Origins.ofPieces(
            Arrays.copyOf(bounds, 2 * pieces), Arrays.copyOf(sources, pieces), text.length()));
  }

  /** What was written, for others. */
  Rendering rendering(Source variables) {
    List<Rendering.Origin> origins = new ArrayList<>();
    List<Rendering.Span> generated = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      int start = bounds[2 * i];
      int end = bounds[2 * i + 1];
      @Nullable String pointer = sources[i].pointer();
      if (pointer != null && continues(i)) {
        int last = origins.size() - 1;
        origins.set(last, new Rendering.Origin(origins.get(last).start(), end, pointer));
      } else if (pointer != null) {
        origins.add(new Rendering.Origin(start, end, pointer));
      }
      if (sources[i].isGenerated()) {
        int last = generated.size() - 1;
        boolean extended = last >= 0 && generated.get(last).end() == start;
        int from = extended ? generated.remove(last).start() : start;
        generated.add(new Rendering.Span(from, end));
      }
    }
    return new Rendering(text.toString(), origins, generated, variables.reads());
  }

  /** Whether a piece goes on with what the one before it says. */
  private boolean continues(int piece) {
    return piece > 0
        && bounds[2 * piece - 1] == bounds[2 * piece]
        && sources[piece].isSameValue(sources[piece - 1]);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
