package dev.polyphase.data;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Rows in short: JSON with {@code '} for {@code "}, datasets as YAML, and tokens as the text that
 * they are made of, in which {@code [[...]]} carries loss. The fixture's tokenizer has one token a
 * byte and two for ChatML.
 */
final class RowLab implements AutoCloseable {
  static final int VOCAB = 272;
  static final int IM_START = 257;
  static final int IM_END = 258;

  /** ChatML with tools and calls, as JSON. */
  static final String WITH_TOOLS =
      """
      {% if tools %}<|im_start|>system
      {{ tools | tojson }}<|im_end|>
      {% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
      {{ m.content or '' }}{% if m.tool_calls %}{{ m.tool_calls | tojson }}{% endif %}<|im_end|>
      {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
      {% endif %}""";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final LazyTokenizer tokenizer;
  private final ChatEncoder chats;

  RowLab(Path temp) {
    this(new LazyTokenizer(Fixture.LLAMA.copyTo(temp)));
  }

  /** With a model whose chat template this is. */
  static RowLab withTemplate(Path temp, String template) throws IOException {
    Path folder = Fixture.LLAMA.copyTo(temp);
    Files.writeString(folder.resolve("chat_template.jinja"), template);
    return new RowLab(new LazyTokenizer(folder));
  }

  private RowLab(LazyTokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.chats = new ChatEncoder(tokenizer);
  }

  ExampleEncoders examples(PhaseType phase) {
    return new ExampleEncoders(phase, VOCAB, tokenizer, chats);
  }

  PairEncoders pairs() {
    return new PairEncoders(VOCAB, tokenizer, chats);
  }

  JudgedEncoders judged() {
    return new JudgedEncoders(VOCAB, tokenizer, chats);
  }

  /** A dataset with these keys beside its path. */
  static Dataset dataset(String keys) {
    String yaml =
        """
        name: lab
        base_model: model
        phases:
          - name: one
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl%s}]
            learning_rate: 1
        """
            .formatted(keys.isEmpty() ? "" : ", " + keys);
    return PipelineReader.parse(yaml, "lab", List.of()).phases().get(0).datasets().get(0);
  }

  static JsonRow row(String json, int line) {
    try {
      ObjectNode fields = (ObjectNode) JSON.readTree(json.replace('\'', '"'));
      return new JsonRow(Place.line("rows.jsonl", line), fields);
    } catch (IOException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  /** The only row of a file. */
  Example sft(String keys, String json) throws IOException {
    JsonRow row = row(json, 1);
    return examples(PhaseType.SFT).ofFile(dataset(keys), row).encode(row).get(0);
  }

  Pair dpo(String keys, String json) throws IOException {
    JsonRow row = row(json, 1);
    return pairs().ofFile(dataset(keys), row).encode(row).get(0);
  }

  List<Judged> kto(String keys, String json) throws IOException {
    JsonRow row = row(json, 1);
    return judged().ofFile(dataset(keys), row).encode(row);
  }

  /** The text that tokens are made of, with what carries loss in {@code [[...]]}. */
  static String shown(Example example) {
    StringBuilder text = new StringBuilder();
    boolean on = false;
    for (int t = 0; t < example.tokens(); t++) {
      boolean learned = example.labels()[t] != JsonRow.NO_LOSS;
      if (learned && example.labels()[t] != example.ids()[t]) {
        throw new AssertionError("label " + example.labels()[t] + " at id " + example.ids()[t]);
      }
      if (learned != on) {
        text.append(learned ? "[[" : "]]");
        on = learned;
      }
      text.append(shown(example.ids()[t]));
    }
    return text.append(on ? "]]" : "").toString();
  }

  /** The text that tokens are made of. */
  static String shown(int[] ids) {
    StringBuilder text = new StringBuilder();
    Arrays.stream(ids).forEach(id -> text.append(shown(id)));
    return text.toString();
  }

  private static String shown(int id) {
    return switch (id) {
      case IM_START -> "<|im_start|>";
      case IM_END -> "<|im_end|>";
      default -> id < 128 ? String.valueOf((char) id) : "\\x%02x".formatted(id);
    };
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
