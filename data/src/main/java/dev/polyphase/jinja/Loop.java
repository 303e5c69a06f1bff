package dev.polyphase.jinja;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code loop}: where a for loop is. It can be called where the loop is recursive.
 *
 * @param series what it goes over
 * @param index0 the current element, the first is 0
 * @param rounds what the rounds have in common
 */
record Loop(Series series, int index0, Rounds rounds) implements Value {

  /** What all rounds of a loop share. */
  static final class Rounds {
    private final int depth0;
    private final @Nullable UnaryOperator<Value> recursion;
    private @Nullable Value changed;

    /**
     * Those of a loop that begins.
     *
     * @param depth0 how many recursive loops are around it
     * @param recursion what the loop writes of other elements; null where it is not recursive
     */
    Rounds(int depth0, @Nullable UnaryOperator<Value> recursion) {
      this.depth0 = depth0;
      this.recursion = recursion;
    }

    /** What {@code loop.changed} was last called with. */
    @Nullable Value changed() {
      return changed;
    }
  }

  Value attribute(String name) {
    List<Value> items = series.items();
    int length = items.size();
    return switch (name) {
      case "index" -> Value.whole(index0 + 1);
      case "index0" -> Value.whole(index0);
      case "revindex" -> Value.whole(length - index0);
      case "revindex0" -> Value.whole(length - index0 - 1);
      case "first" -> Value.bool(index0 == 0);
      case "last" -> Value.bool(index0 == length - 1);
      case "length" -> Value.whole(length);
      case "depth" -> Value.whole(rounds.depth0 + 1);
      case "depth0" -> Value.whole(rounds.depth0);
      case "previtem" ->
          index0 == 0 ? new Undefined("there is no previous item") : items.get(index0 - 1);
      case "nextitem" ->
          index0 == length - 1 ? new Undefined("there is no next item") : items.get(index0 + 1);
      case "cycle" -> new Value.Function(name, this, (arguments, run) -> cycled(arguments));
      case "changed" -> new Value.Function(name, this, (arguments, run) -> changed(arguments));
      default -> new Undefined("the loop has no attribute '" + name + "'");
    };
  }

  private Value cycled(Arguments arguments) {
    List<Value> values = arguments.requirePositional("cycle").positional();
    if (values.isEmpty()) {
      throw new Fault("no items for cycling given");
    }
    return values.get(index0 % values.size());
  }

  private Value changed(Arguments arguments) {
    List<Value> values = arguments.requirePositional("changed").positional();
    Value now = new Series(Series.Kind.TUPLE, List.copyOf(values));
    boolean changed = rounds.changed == null || !Comparison.equal(rounds.changed, now);
    rounds.changed = now;
    return Value.bool(changed);
  }

  /** {@code loop(series)}: what a recursive loop writes of another series. */
  Value call(Arguments arguments) {
    if (rounds.recursion == null) {
      throw new Fault("the loop must have the 'recursive' marker to be called recursively");
    }
    return rounds.recursion.apply(arguments.bind("loop", "iterable").required("iterable"));
  }

  @Override
  public boolean truthy() {
    return true;
  }

  @Override
  public String typeName() {
    return "LoopContext";
  }
}
