package dev.polyphase.jinja;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A map that tells which of its keys a template asks for. */
final class TrackedMap extends AbstractMap<Value, Value> {
  private final Map<Value, Value> entries;
  private final Consumer<String> read;

  /**
   * The entries of another map.
   *
   * @param entries never changed
   * @param read hears of each key that is asked for, whether it is there or not; of every key that
   *     is there when the template goes through them all
   */
  TrackedMap(Map<Value, Value> entries, Consumer<String> read) {
    this.entries = Collections.unmodifiableMap(entries);
    this.read = read;
  }

  @Override
  public @Nullable Value get(@Nullable Object key) {
    note(key);
    return entries.get(key);
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    note(key);
    return entries.containsKey(key);
  }

  @Override
  public int size() {
    return entries.size();
  }

  @Override
  public Set<Entry<Value, Value>> entrySet() {
    entries.keySet().forEach(this::note);
    return entries.entrySet();
  }

  private void note(@Nullable Object key) {
    if (key instanceof Value.Text text) {
      read.accept(text.value());
    }
  }
}
