package dev.polyphase.jinja;

import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A value of the variables that a rendering began with: where it is found among them, and whether
 * the template asked for it. There is one for each, so that two are the same only if they are one.
 * As the origins of a text it says that all of it comes from there.
 */
final class Source implements Origins {
  /** What a generation block writes itself: it comes from no variable. */
  static final Source GENERATED = new Source(null, "", new Reads(), true);

  private final @Nullable Source holder;
  private final Object key;
  private final Reads reads;
  private final boolean generated;
  private @Nullable Source twin;
  private @Nullable String pointer;
  private boolean asked;

  private Source(@Nullable Source holder, Object key, Reads reads, boolean generated) {
    Budget.made(16);
    this.holder = holder;
    this.key = key;
    this.reads = reads;
    this.generated = generated;
  }

  /** The variables themselves. */
  static Source ofVariables() {
    return new Source(null, "", new Reads(), false);
  }

  /** The entry of a mapping. */
  Source entry(String name) {
    return new Source(this, name, reads, false);
  }

  /** The element of a list. */
  Source element(int index) {
    return new Source(this, index, reads, false);
  }

  /** The same value, written within a generation block. */
  Source generated() {
    if (generated) {
      return this;
    }
    Source made = twin;
    if (made == null) {
      made = new Source(holder, key, reads, true);
      twin = made;
    }
    return made;
  }

  boolean isGenerated() {
    return generated;
  }

  /** Whether this is one of the variables, or an entry or element of one. */
  boolean isNearTheTop() {
    return holder == null || holder.holder == null || holder.holder.holder == null;
  }

  /** Notes that the template asked for this entry of a mapping. */
  void ask() {
    if (!asked && key instanceof String) {
      asked = true;
      reads.sources.add(this);
    }
  }

  /** Whether both are one value, written within a generation block or not. */
  boolean isSameValue(Source other) {
    return this == other || (holder != null && holder == other.holder && key == other.key);
  }

  /** Pointers of all entries that were asked for. */
  Set<String> reads() {
    return reads;
  }

  /** The JSON pointer of the value; null for what comes from none. */
  @Nullable String pointer() {
    if (holder == null) {
      return this == GENERATED ? null : "";
    }
    String found = pointer;
    if (found == null) {
      String name = key.toString();
      boolean plain = name.indexOf('~') < 0 && name.indexOf('/') < 0;
      found = holder.pointer() + "/" + (plain ? name : name.replace("~", "~0").replace("/", "~1"));
      pointer = found;
    }
    return found;
  }

  @Override
  public Source part(int start, int end) {
    return this;
  }

  @Override
  public Source changed(String changed, String original, Change change) {
    return this;
  }

  /** The pointers of what was asked for, which are made when someone looks. */
  private static final class Reads extends AbstractSet<String> {
    private final List<Source> sources = new ArrayList<>();
    private @Nullable Set<String> pointers;

    @Override
    public boolean contains(@Nullable Object pointer) {
      return pointers().contains(pointer);
    }

    @Override
    public Iterator<String> iterator() {
      return List.copyOf(pointers()).iterator();
    }

    @Override
    public int size() {
      return pointers().size();
    }

    private synchronized Set<String> pointers() {
      Set<String> made = pointers;
      if (made == null) {
        made = new LinkedHashSet<>();
        for (Source source : sources) {
          made.add(String.valueOf(source.pointer()));
        }
        pointers = made;
      }
      return made;
    }
  }
}
