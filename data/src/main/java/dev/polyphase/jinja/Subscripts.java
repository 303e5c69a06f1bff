package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The elements of strings, lists and dicts. */
final class Subscripts {
  /** The characters that most texts are made of, so that a million of them takes no new values. */
  private static final List<Value.Text> ASCII =
      IntStream.range(0, 128).mapToObj(c -> Value.text(Character.toString(c))).toList();

  private Subscripts() {}

  /**
   * {@code object[key]}: the element, else the attribute of that name, else undefined.
   *
   * @throws Fault if the object is undefined
   */
  static Value item(Value object, Value key) {
    if (object instanceof Value.Undefined undefined) {
      throw undefined.fault();
    }
    @Nullable Value element = element(object, key);
    if (element != null) {
      return element;
    }
    if (key instanceof Value.Text name) {
      return Attributes.of(object, name.value());
    }
    Output shown = new Output();
    Writing.represent(key, shown);
    return new Value.Undefined("%s object has no element %s".formatted(object.typeName(), shown));
  }

  private static @Nullable Value element(Value object, Value key) {
    if (object instanceof Value.Mapping mapping) {
      return Comparison.ofKey(mapping.entries(), key);
    }
    @Nullable BigInteger index = Arithmetic.wholeOrNull(key);
    boolean indexed =
        object instanceof Value.Text
            || (object instanceof Value.Series series && series.kind().hasIndex());
    if (index == null || index.bitLength() > 31 || !indexed) {
      return null;
    }
    int size = length(object);
    int at = index.intValue() < 0 ? index.intValue() + size : index.intValue();
    return at >= 0 && at < size ? at(object, at) : null;
  }

  private static List<Value> characters(Value.Text text) {
    Budget.made(8L * text.length());
    List<Value> characters = new ArrayList<>();
    for (int start = 0; start < text.length(); ) {
      int c = text.value().codePointAt(start);
      int end = start + Character.charCount(c);
      boolean known = text.origins() == null && c < ASCII.size();
      characters.add(known ? ASCII.get(c) : text.part(start, end));
      start = end;
    }
    return Collections.unmodifiableList(characters);
  }

  /** The element at an index that there is. */
  private static Value at(Value object, int index) {
    if (object instanceof Value.Text text) {
      Budget.read(index);
      int start = text.value().offsetByCodePoints(0, index);
      return text.part(start, text.value().offsetByCodePoints(start, 1));
    }
    return elements(object).get(index);
  }

  /**
   * {@code object[start:stop:step]}; none for what is left out.
   *
   * @throws Fault if the object has no slices
   */
  static Value slice(Value object, Value start, Value stop, Value step) {
    if (object instanceof Value.Undefined undefined) {
      throw undefined.fault();
    }
    boolean sliced =
        object instanceof Value.Text
            || (object instanceof Value.Series series && series.kind().hasIndex());
    if (!sliced) {
      throw new Fault("'" + object.typeName() + "' object is not subscriptable");
    }
    int by = bound(step, 1);
    if (by == 0) {
      throw new Fault("slice step cannot be zero");
    }
    int size = length(object);
    // Python clamps both ends, to where a walk in this direction begins and ends.
    int low = by > 0 ? 0 : -1;
    int high = by > 0 ? size : size - 1;
    int from =
        start instanceof Value.None ? (by > 0 ? low : high) : clamped(start, size, low, high);
    int to = stop instanceof Value.None ? (by > 0 ? high : low) : clamped(stop, size, low, high);
    if (object instanceof Value.Text text) {
      return part(text, from, to, by);
    }
    List<Value> elements = elements(object);
    List<Value> part = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      part.add(elements.get((int) i));
    }
    return new Value.Series(((Value.Series) object).kind(), List.copyOf(part));
  }

  /** The characters that a walk over them takes. */
  private static Value.Text part(Value.Text text, int from, int to, int by) {
    if (by == 1) {
      int start = text.value().offsetByCodePoints(0, from);
      int end = text.value().offsetByCodePoints(start, Math.max(0, to - from));
      return text.part(start, end);
    }
    Output part = new Output();
    int at = 0;
    int start = 0;
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      Budget.read(Math.abs(i - at));
      start = text.value().offsetByCodePoints(start, (int) i - at);
      at = (int) i;
      part.append(text, start, text.value().offsetByCodePoints(start, 1));
    }
    return part.toText();
  }

  private static int clamped(Value bound, int size, int low, int high) {
    long index = bound(bound, 0);
    return (int) Math.max(low, Math.min(high, index < 0 ? index + size : index));
  }

  private static int bound(Value bound, int otherwise) {
    if (bound instanceof Value.None) {
      return otherwise;
    }
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(bound);
    if (whole == null) {
      throw bound instanceof Value.Undefined undefined
          ? undefined.fault()
          : new Fault("slice indices must be integers or none, found " + bound.typeName());
    }
    BigInteger most = BigInteger.valueOf(Integer.MAX_VALUE);
    return whole.min(most).max(most.negate()).intValue();
  }

  /**
   * What a loop goes over: the elements, the characters of a string, the keys of a dict; nothing of
   * what is undefined.
   *
   * @throws Fault if the value has no elements
   */
  static List<Value> elements(Value value) {
    if (value instanceof Value.Series series) {
      return series.items();
    }
    if (value instanceof Value.Mapping mapping) {
      Budget.made(8L * mapping.entries().size());
      return List.copyOf(mapping.all().keySet());
    }
    if (value instanceof Value.Text text) {
      return characters(text);
    }
    if (value instanceof Value.Undefined) {
      return List.of();
    }
    throw new Fault("'" + value.typeName() + "' object is not iterable");
  }

  /**
   * Python's {@code len}.
   *
   * @throws Fault if the value has none
   */
  static int length(Value value) {
    if (value instanceof Value.Text text) {
      Budget.read(text.value().length());
      return PythonText.length(text.value());
    }
    if (value instanceof Value.Mapping mapping) {
      return mapping.entries().size();
    }
    boolean hasNone = value instanceof Value.Series series && !series.kind().hasLength();
    boolean sized = value instanceof Value.Series || value instanceof Value.Undefined;
    if (hasNone || !sized) {
      throw new Fault("object of type '" + value.typeName() + "' has no len()");
    }
    return elements(value).size();
  }
}
