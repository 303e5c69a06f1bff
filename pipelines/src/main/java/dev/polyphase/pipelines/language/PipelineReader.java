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
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;

/**
 * Reads a pipeline file. Opens no other file: whether what it names exists is for others to say.
 */
public final class PipelineReader {
  /** A model given by mistake is not read into memory. */
  private static final int MAX_BYTES = 4_000_000;

  private PipelineReader() {}

  /** Reads a pipeline as of today, which {@code {date}} stands for. */
  public static Pipeline read(Path file, List<String> overrides) throws IOException {
    return read(file, overrides, LocalDate.now(ZoneId.systemDefault()));
  }

  /**
   * Reads a pipeline, every default filled in.
   *
   * @param file in UTF-8; {@code -} is standard input
   * @param overrides {@code KEY=VALUE}, the values of {@code --set}: {@code seed=1}, {@code
   *     phases.NAME.key=...}, {@code phases[0].key=...}; the value is YAML; later ones win
   * @param date what {@code {date}} stands for
   * @throws InputException with every problem of the file and the overrides
   * @throws IOException where the file can't be read
   */
  public static Pipeline read(Path file, List<String> overrides, LocalDate date)
      throws IOException {
    return parse(text(file), InputFile.name(file), overrides, date);
  }

  /**
   * The text of a pipeline file, whatever it says.
   *
   * @param file as of {@link #read}
   * @throws InputException where it can be no pipeline's
   * @throws IOException where the file can't be read
   */
  public static String text(Path file) throws IOException {
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
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(Place.in(name), "it is not text in UTF-8; save it in UTF-8");
    }
  }

  /** Reads a pipeline from text as of today, which {@code {date}} stands for. */
  public static Pipeline parse(String text, String fileName, List<String> overrides) {
    return parse(text, fileName, overrides, LocalDate.now(ZoneId.systemDefault()));
  }

  /**
   * Reads a pipeline from text.
   *
   * @param fileName what messages call it
   * @param date what {@code {date}} stands for
   * @throws InputException with every problem of the text and the overrides
   */
  public static Pipeline parse(
      String text, String fileName, List<String> overrides, LocalDate date) {
    Problems problems = new Problems();
    Node written = YamlTree.ofFile(text, fileName, problems);
    Node overridden = Overrides.apply(written, overrides, problems);
    Node complete = overridden;
    if (overridden instanceof Mapping mapping) {
      Mapping dated = DatedKeys.apply(mapping, date, problems);
      complete = Inheritance.apply(Spellings.unify(dated, problems));
    }
    PipelineFile file = Block.of(complete, Block.Kind.WHOLE, problems).read(PipelineFile.SHAPE);
    problems.throwIfAny();
    return file.pipeline();
  }
}
