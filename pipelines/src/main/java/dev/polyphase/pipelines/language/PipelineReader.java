package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads a pipeline file. Opens no other file: whether what it names exists is for others to say.
 */
public final class PipelineReader {
  /** A model given by mistake is not read into memory. */
  private static final int MAX_BYTES = 4_000_000;

  private PipelineReader() {}

  /**
   * Reads a pipeline, every default filled in.
   *
   * @param file in UTF-8; {@code -} is standard input
   * @param overrides {@code KEY=VALUE}, the values of {@code --set}: {@code seed=1}, {@code
   *     phases.NAME.key=...}, {@code phases[0].key=...}; the value is YAML; later ones win
   * @throws InputException with every problem of the file and the overrides
   * @throws IOException where the file can't be read
   */
  public static Pipeline read(Path file, List<String> overrides) throws IOException {
    String name = InputFile.name(file);
    if (!InputFile.isStream(file) && !InputFile.isThere(file)) {
      throw new InputException(
          Place.in(name), "there is no such file; give the path of a pipeline file");
    }
    byte[] bytes;
    try (InputStream in = InputFile.open(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new InputException(
          Place.in(name), "it is too long for a pipeline; is it another file?");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(Place.in(name), "it is not text in UTF-8; save it in UTF-8");
    }
    return parse(text, name, overrides);
  }

  /**
   * Reads a pipeline from text.
   *
   * @param fileName what messages call it
   * @throws InputException with every problem of the text and the overrides
   */
  public static Pipeline parse(String text, String fileName, List<String> overrides) {
    Problems problems = new Problems();
    Node written = YamlTree.ofFile(text, fileName, problems);
    Node overridden = Overrides.apply(written, overrides, problems);
    Node complete = overridden;
    if (overridden instanceof Mapping mapping) {
      complete = Inheritance.apply(Spellings.unify(mapping, problems));
    }
    PipelineFile file = Block.of(complete, Block.Kind.WHOLE, problems).read(PipelineFile.SHAPE);
    problems.throwIfAny();
    return file.pipeline();
  }
}
