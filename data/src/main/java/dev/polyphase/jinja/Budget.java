package dev.polyphase.jinja;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The work and memory of one rendering. Every operation pays for what it reads and for what it
 * makes, so that no template can go on for long or fill the heap, whatever it calls; one whose
 * values outgrow the memory ends where it is.
 *
 * <p>Memory is what may be alive: all that was made since it was last measured counts. It is
 * measured between two statements, by going through everything that the variables and the texts
 * being written hold; what a statement in progress has made so far counts in full.
 *
 * <p>A rendering is one thread's, and its budget is found there; outside of a rendering nothing is
 * counted.
 */
final class Budget {
  /** Units of work, each about a nanosecond. */
  static final long MAX_WORK = 800_000_000L;

  /** Bytes of values, beside those of the variables that the rendering began with. */
  static final long MAX_BYTES = 112L << 20;

  /** Bytes that are made before it is measured anew what of them is alive. */
  private static final long MEASURED_AFTER = 32L << 20;

  private static final long OBJECT_BYTES = 40;
  private static final ThreadLocal<@Nullable Budget> CURRENT = new ThreadLocal<>();

  private long work;
  private long bytes;
  private long statementBytes;
  private long maxWork = Long.MAX_VALUE;
  private long maxBytes = Long.MAX_VALUE;
  private long measureAt = MEASURED_AFTER;
  private @Nullable Frame innermost;

  /**
   * A body that is executed.
   *
   * @param outerBytes what the statement that it belongs to had made when it began
   */
  private record Frame(Scope scope, Output output, long outerBytes, @Nullable Frame outer) {}

  /** Counts from now on what this thread does, without limits before {@link #takeAsGiven}. */
  static Budget begin() {
    Budget budget = new Budget();
    CURRENT.set(budget);
    return budget;
  }

  static void end() {
    CURRENT.remove();
  }

  /** What was made so far is what the rendering is about: long chats may use more. */
  void takeAsGiven() {
    maxBytes = MAX_BYTES + 4 * bytes;
    maxWork = MAX_WORK + 16 * bytes;
    measureAt = bytes + MEASURED_AFTER;
    work = 0;
  }

  /** Pays for work. */
  static void work(long units) {
    @Nullable Budget budget = CURRENT.get();
    if (budget != null) {
      budget.pay(units);
    }
  }

  /** Pays for reading so many characters, or UTF-16 units. */
  static void read(long chars) {
    work(10 + chars / 2);
  }

  /** Pays for a value of so many bytes beside its object, before it is made where it is large. */
  static void made(long more) {
    @Nullable Budget budget = CURRENT.get();
    if (budget != null) {
      budget.take(OBJECT_BYTES + more, 30 + more / 4);
    }
  }

  /** Pays for bytes of text, which are copied faster than other values are made. */
  static void grown(long more) {
    @Nullable Budget budget = CURRENT.get();
    if (budget != null) {
      budget.take(more, 10 + more / 16);
    }
  }

  /** Begins with the statements of a body. */
  void enter(Scope scope, Output output) {
    innermost = new Frame(scope, output, statementBytes, innermost);
    statementBytes = 0;
  }

  /** Is done with the innermost body. */
  void leave() {
    if (innermost != null) {
      statementBytes = innermost.outerBytes();
      innermost = innermost.outer();
    }
  }

  /** Begins with a statement of the innermost body. */
  void statement() {
    pay(60);
    statementBytes = 0;
    if (bytes > measureAt) {
      bytes = alive();
      measureAt = bytes + MEASURED_AFTER;
    }
  }

  /** Pays for an expression. */
  void expression() {
    pay(60);
  }

  private void pay(long units) {
    work += units;
    if (work > maxWork || units < 0) {
      throw new Fault("this takes more work than any chat needs, and is ended here");
    }
  }

  private void take(long more, long units) {
    pay(units);
    bytes += more;
    statementBytes += more;
    if (bytes > maxBytes) {
      throw new Fault(
          "the template's values take more than %,d MB of memory".formatted(maxBytes >> 20));
    }
  }

  /** Bytes of all that can be reached from the bodies in progress. */
  private long alive() {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> open = new ArrayDeque<>();
    long alive = 0;
    for (@Nullable Frame frame = innermost; frame != null; frame = frame.outer()) {
      alive += frame.outerBytes() + frame.output().bytes();
      open.push(frame.scope());
    }
    while (!open.isEmpty()) {
      Object held = open.pop();
      alive += OBJECT_BYTES;
      pay(20);
      if (held instanceof Value.Text text) {
        alive += !isLong(text) || seen.add(text.value()) ? 2L * text.length() : 0;
        if (text.origins() instanceof Origins.Pieces several && seen.add(several)) {
          alive += (long) Origins.Pieces.BYTES * several.count();
        }
      } else if (held instanceof Value.Whole whole) {
        alive += whole.value().bitLength() / 8;
      } else if (held instanceof Value.Function function) {
        if (function.holds() != null) {
          open.push(function.holds());
        }
      } else if (isContainer(held) && seen.add(held)) {
        alive += contents(held, open);
      }
    }
    return alive;
  }

  /** Short texts are not worth remembering; the same one may count several times. */
  private static boolean isLong(Value.Text text) {
    return text.length() > 64;
  }

  private static boolean isContainer(Object held) {
    return held instanceof Value.Series
        || held instanceof Value.Mapping
        || held instanceof Namespace
        || held instanceof Loop
        || held instanceof Scope;
  }

  private static long contents(Object held, Deque<Object> open) {
    int before = open.size();
    if (held instanceof Value.Series series) {
      series.items().forEach(open::push);
    } else if (held instanceof Value.Mapping mapping) {
      mapping.entries().forEach((key, value) -> pushBoth(key, value, open));
    } else if (held instanceof Namespace namespace) {
      namespace.values().forEach(open::push);
    } else if (held instanceof Loop loop) {
      open.push(loop.series());
    } else if (held instanceof Scope scope) {
      scope.values().forEach(open::push);
      if (scope.outer() != null) {
        open.push(scope.outer());
      }
    }
    return 8L * (open.size() - before);
  }

  private static void pushBoth(Object key, Object value, Deque<Object> open) {
    open.push(key);
    open.push(value);
  }
}
