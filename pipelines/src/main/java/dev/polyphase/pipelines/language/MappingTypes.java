package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.language.PipelineFile.NewModel;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The types of what mappings of keys stand for. */
final class MappingTypes {
  private MappingTypes() {}

  private static <T> Map<String, Object> mapping(Shape<T> shape, T value) {
    Map<String, Object> keys = new LinkedHashMap<>();
    shape.write(value, keys);
    return keys;
  }

  /** A mapping; an empty one where there is none. */
  record MappingOf<T>(Shape<T> shape, Key key) implements ValueType<T> {
    @Override
    public List<Form> forms() {
      Form mapping = new Form.Block(shape.keys());
      return shape.keys().stream()
          .filter(within -> within.name().equals(key.alone()))
          .findFirst()
          .map(within -> List.of(within.forms().get(0), mapping))
          .orElse(List.of(mapping));
    }

    @Override
    public String wanted() {
      return Block.WANTED;
    }

    @Override
    public boolean required() {
      return false;
    }

    @Override
    public T read(String name, Node node, Block block, Supplier<T> instead) {
      return block.readWithin(name, node, block.kind(), shape);
    }

    @Override
    public T absent(String name, Block block) {
      return block.readWithin(name, null, block.kind(), shape);
    }

    @Override
    public T standIn() {
      return Block.empty().read(shape);
    }

    @Override
    public @Nullable Object write(T value) {
      Map<String, Object> keys = mapping(shape, value);
      return keys.isEmpty() ? null : keys;
    }
  }

  /** A list of mappings, none of which inherits anything. */
  record ListOf<T>(Shape<T> shape, Key key) implements ValueType<List<T>> {
    @Override
    public List<Form> forms() {
      return List.of(new Form.Blocks(shape.keys(), key.items()));
    }

    @Override
    public String wanted() {
      return key.wanted();
    }

    @Override
    public boolean required() {
      return key.items() > 0;
    }

    @Override
    public List<T> read(String name, Node node, Block block, Supplier<List<T>> instead) {
      if (!(node instanceof Sequence list)) {
        block.refuse(node, wanted());
        return instead.get();
      }
      block.refuseShort(list, key.items());
      return list.items().stream()
          .map(item -> block.readWithin(name, item, Block.Kind.WHOLE, shape))
          .toList();
    }

    @Override
    public List<T> standIn() {
      return List.of();
    }

    @Override
    public Object write(List<T> value) {
      return value.stream().map(item -> mapping(shape, item)).toList();
    }
  }

  /** A text, or a mapping for a new model. */
  record BaseModelType(SingleValue<String> location, Shape<NewModel> shape)
      implements ValueType<BaseModel> {
    BaseModelType(Key key) {
      this(ValueTypes.text(key), Shape.of(NewModel.class));
    }

    @Override
    public List<Form> forms() {
      return List.of(location.forms().get(0), new Form.Block(shape.keys()));
    }

    @Override
    public String wanted() {
      return location.wanted();
    }

    @Override
    public BaseModel read(String name, Node node, Block block, Supplier<BaseModel> instead) {
      return node instanceof Mapping
          ? block.readWithin(name, node, block.kind(), shape).model()
          : new BaseModel.Existing(location.read(name, node, block, location::standIn));
    }

    @Override
    public BaseModel standIn() {
      return new BaseModel.Existing(location.standIn());
    }

    @Override
    public Object write(BaseModel model) {
      return model instanceof BaseModel.Random random
          ? mapping(shape, new NewModel(NewModel.Init.RANDOM, random))
          : ((BaseModel.Existing) model).location();
    }
  }

  /**
   * What all phases inherit: any key of a mapping that may be inherited, none of them required.
   *
   * @param inherited what holds them
   */
  record Defaults<T, D>(Shape<T> shape, Function<T, D> inherited) implements ValueType<D> {
    @Override
    public List<Form> forms() {
      return List.of(
          new Form.Block(shape.keys().stream().filter(key -> key.key().inherited()).toList()));
    }

    @Override
    public String wanted() {
      return Block.WANTED;
    }

    @Override
    public D read(String name, Node node, Block block, Supplier<D> instead) {
      return inherited.apply(block.readWithin(name, node, Block.Kind.PART, shape));
    }

    @Override
    public D standIn() {
      return inherited.apply(Block.empty().read(shape));
    }

    @Override
    public @Nullable Object write(D defaults) {
      return null; // they have come to the phases
    }
  }
}
