package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.List;
import java.util.function.Supplier;

/** The type of lists of texts. */
final class Texts implements ValueType<List<String>> {
  private final Key key;
  private final Wording wording;
  private final SingleValue<String> one;

  Texts(Key key) {
    this.key = key;
    this.wording = Wording.of(key);
    this.one = ValueTypes.text(key);
  }

  @Override
  public List<Form> forms() {
    Form list = new Form.Texts(wording, key.items());
    return key.orOne() ? List.of(new Form.Text(wording), list) : List.of(list);
  }

  @Override
  public String wanted() {
    return "a list of " + wording.wanted();
  }

  @Override
  public boolean required() {
    return key.items() > 0;
  }

  @Override
  public List<String> read(String name, Node node, Block block, Supplier<List<String>> instead) {
    if (node instanceof Sequence list) {
      block.refuseShort(list, key.items());
      return list.items().stream().map(item -> text(name, item, block)).toList();
    }
    if (key.orOne()) {
      return List.of(text(name, node, block));
    }
    block.refuse(node, wanted());
    return instead.get();
  }

  private String text(String name, Node node, Block block) {
    return one.read(name, node, block, one::standIn);
  }

  @Override
  public List<String> standIn() {
    return List.of();
  }

  @Override
  public Object write(List<String> value) {
    return key.orOne() && value.size() == 1 ? value.get(0) : value;
  }
}
