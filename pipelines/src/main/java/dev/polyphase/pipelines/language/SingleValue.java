package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The type of what a single text or number stands for.
 *
 * @param meaning the value of what a file has, if it is one
 * @param written what a file has for a value
 */
record SingleValue<T>(
    List<Form> forms,
    String wanted,
    Function<Scalar, Optional<T>> meaning,
    Function<T, Object> written,
    T standIn)
    implements ValueType<T> {

  /** The value that a node holds, if it is one. */
  Optional<T> valueOf(Node node) {
    return node instanceof Scalar scalar ? meaning.apply(scalar) : Optional.empty();
  }

  @Override
  public T read(String key, Node node, Block block, Supplier<T> instead) {
    Optional<T> value = valueOf(node);
    if (value.isEmpty()) {
      block.refuse(node, wanted);
    }
    return value.orElseGet(instead);
  }

  @Override
  public Object write(T value) {
    return written.apply(value);
  }

  /** The type of what is made of such values. */
  <U> SingleValue<U> as(
      Function<? super T, ? extends U> there, Function<? super U, ? extends T> back) {
    return new SingleValue<>(
        forms,
        wanted,
        scalar -> meaning.apply(scalar).map(there),
        value -> written.apply(back.apply(value)),
        there.apply(standIn));
  }

  /** The same, where a word may stand for one more value. */
  SingleValue<T> orWord(String word, T ofWord, String wantedThen) {
    return new SingleValue<>(
        Stream.concat(forms.stream(), Stream.of(new Form.Choice(List.of(word)))).toList(),
        wantedThen,
        scalar -> scalar.text().equals(word) ? Optional.of(ofWord) : meaning.apply(scalar),
        value -> value.equals(ofWord) ? word : written.apply(value),
        standIn);
  }
}
