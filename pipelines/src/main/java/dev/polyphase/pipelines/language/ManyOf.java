package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The type of lists of single values.
 *
 * @param one the type of an entry
 * @param key how many there are at least, and whether one alone may stand for a list of it
 * @param once whether no entry may be there twice
 */
record ManyOf<T>(SingleValue<T> one, Key key, boolean once) implements ValueType<List<T>> {

  @Override
  public List<Form> forms() {
    Form entry = one.forms().get(0);
    Form list = new Form.Many(entry, key.items(), once);
    return key.orOne() ? List.of(entry, list) : List.of(list);
  }

  @Override
  public String wanted() {
    return (key.wanted().isEmpty() ? "a list, each entry " : "a list of ") + one.wanted();
  }

  @Override
  public boolean required() {
    return key.items() > 0;
  }

  @Override
  public List<T> read(String name, Node node, Block block, Supplier<List<T>> instead) {
    if (node instanceof Sequence list) {
      block.refuseShort(list, key.items());
      List<T> entries = list.items().stream().map(item -> entry(name, item, block)).toList();
      if (once) {
        refuseRepeated(list, block);
      }
      return entries;
    }
    if (key.orOne()) {
      return List.of(entry(name, node, block));
    }
    block.refuse(node, wanted());
    return instead.get();
  }

  private T entry(String name, Node node, Block block) {
    return one.read(name, node, block, one::standIn);
  }

  private void refuseRepeated(Sequence list, Block block) {
    List<T> before = new ArrayList<>();
    for (Node item : list.items()) {
      one.valueOf(item)
          .ifPresent(
              value -> {
                if (before.contains(value)) {
                  block.refuse(item, "each entry once");
                }
                before.add(value);
              });
    }
  }

  @Override
  public List<T> standIn() {
    return List.of();
  }

  @Override
  public Object write(List<T> value) {
    List<Object> entries = value.stream().map(one::write).toList();
    return key.orOne() && entries.size() == 1 ? entries.get(0) : entries;
  }
}
