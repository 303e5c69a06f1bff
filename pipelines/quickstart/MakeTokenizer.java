import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes a tokenizer in Hugging Face's layout: {@code java MakeTokenizer.java FOLDER [MERGES
 * FILE.jsonl...]}.
 *
 * <p>Its tokens are the 256 bytes, so that every text can be written with them, what byte-pair
 * encoding (Sennrich, Haddow and Birch 2016) merges in the files' texts, and the three special
 * tokens of ChatML. Without merges it is a plain byte-level tokenizer.
 */
public final class MakeTokenizer {
  private static final List<String> SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");

  /** Words with the space before them, digits one by one, punctuation, white space. */
  private static final String WORDS = " ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+";

  /** The texts of a row: what stands behind these keys. */
  private static final Pattern TEXTS =
      Pattern.compile("\"(?:text|content)\": \"((?:[^\"\\\\]|\\\\.)*)\"");

  private static final String CHATML =
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n'"
          + " + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

  private MakeTokenizer() {}

  public static void main(String[] args) throws IOException {
    if (args.length < 1) {
      System.err.println("usage: java MakeTokenizer.java FOLDER [MERGES FILE.jsonl...]");
      System.exit(2);
    }
    Path folder = Files.createDirectories(Path.of(args[0]));
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 2; i < args.length; i++) {
      count(Path.of(args[i]), counts);
    }
    List<Pair> merges = merges(counts, args.length > 1 ? Integer.parseInt(args[1]) : 0);
    List<String> tokens = new ArrayList<>(bytesAsLetters());
    merges.forEach(merge -> tokens.add(merge.joined()));

    Files.writeString(folder.resolve("tokenizer.json"), tokenizer(tokens, merges));
    Files.writeString(folder.resolve("tokenizer_config.json"), tokenizerConfig());
    Files.writeString(folder.resolve("generation_config.json"), generationConfig(tokens.size()));
  }

  // --------------------------------------------------------------------------- learning the merges

  /** Two tokens that become one. */
  private record Pair(String left, String right) {
    String joined() {
      return left + right;
    }
  }

  /** A word in its present tokens, and how often it occurs. */
  private record Word(List<String> tokens, int count) {
    Word merged(Pair pair) {
      List<String> shorter = new ArrayList<>();
      for (int i = 0; i < tokens.size(); i++) {
        boolean found =
            i + 1 < tokens.size()
                && tokens.get(i).equals(pair.left())
                && tokens.get(i + 1).equals(pair.right());
        shorter.add(found ? pair.joined() : tokens.get(i));
        i += found ? 1 : 0;
      }
      return new Word(shorter, count);
    }
  }

  private static void count(Path file, Map<String, Integer> counts) throws IOException {
    Pattern words = Pattern.compile(WORDS);
    for (String line : Files.readAllLines(file)) {
      Matcher texts = TEXTS.matcher(line);
      while (texts.find()) {
        words
            .matcher(unquoted(texts.group(1)))
            .results()
            .map(MatchResult::group)
            .forEach(word -> counts.merge(word, 1, Integer::sum));
      }
    }
  }

  private static String unquoted(String json) {
    return json.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
  }

  /** Again and again the most frequent pair; of equals the first in the order of its letters. */
  private static List<Pair> merges(Map<String, Integer> counts, int size) {
    List<Word> words = new ArrayList<>();
    counts.forEach((word, count) -> words.add(new Word(letters(word), count)));
    Comparator<Map.Entry<Pair, Integer>> rarestFirst =
        Map.Entry.<Pair, Integer>comparingByValue()
            .thenComparing(
                Map.Entry.comparingByKey(
                    Comparator.comparing(Pair::left).thenComparing(Pair::right).reversed()));
    List<Pair> merges = new ArrayList<>();
    while (merges.size() < size) {
      Pair most =
          pairs(words).entrySet().stream()
              .max(rarestFirst)
              .orElseThrow(() -> new IllegalArgumentException("the texts have no pairs left"))
              .getKey();
      merges.add(most);
      words.replaceAll(word -> word.merged(most));
    }
    return merges;
  }

  private static Map<Pair, Integer> pairs(List<Word> words) {
    Map<Pair, Integer> counts = new HashMap<>();
    for (Word word : words) {
      for (int i = 0; i + 1 < word.tokens().size(); i++) {
        Pair pair = new Pair(word.tokens().get(i), word.tokens().get(i + 1));
        counts.merge(pair, word.count(), Integer::sum);
      }
    }
    return counts;
  }

  // ------------------------------------------------------------------------------------- bytes

  /**
   * A visible letter for each byte, in the bytes' order. Byte-level tokenizers agree on them: a
   * byte that Latin-1 prints stands for itself, the others are counted from U+0100 on.
   */
  private static List<String> bytesAsLetters() {
    List<String> letters = new ArrayList<>();
    int next = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean prints =
          (value >= '!' && value <= '~')
              || (value >= 0xa1 && value <= 0xac)
              || (value >= 0xae && value <= 0xff);
      letters.add(Character.toString(prints ? value : next++));
    }
    return letters;
  }

  private static List<String> letters(String word) {
    List<String> all = bytesAsLetters();
    List<String> letters = new ArrayList<>();
    for (byte value : word.getBytes(StandardCharsets.UTF_8)) {
      letters.add(all.get(value & 0xff));
    }
    return letters;
  }

  // ------------------------------------------------------------------------------------- files

  private static String tokenizer(List<String> tokens, List<Pair> merges) {
    List<String> special = new ArrayList<>();
    for (int i = 0; i < SPECIAL.size(); i++) {
      special.add(
          ("{\"id\": %d, \"content\": %s, \"single_word\": false, \"lstrip\": false,"
                  + " \"rstrip\": false, \"normalized\": false, \"special\": true}")
              .formatted(tokens.size() + i, quoted(SPECIAL.get(i))));
    }
    List<String> vocabulary = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      vocabulary.add(quoted(tokens.get(i)) + ": " + i);
    }
    List<String> merged =
        merges.stream().map(merge -> quoted(merge.left() + " " + merge.right())).toList();
    return """
        {
          "version": "1.0",
          "truncation": null,
          "padding": null,
          "added_tokens": [
            %s
          ],
          "normalizer": null,
          "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
              {"type": "Split", "pattern": {"Regex": %s}, "behavior": "Isolated", "invert": false},
              {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}
            ]
          },
          "post_processor": null,
          "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
          "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": null,
            "continuing_subword_prefix": null,
            "end_of_word_suffix": null,
            "fuse_unk": false,
            "byte_fallback": false,
            "ignore_merges": false,
            "vocab": {
              %s
            },
            "merges": [
              %s
            ]
          }
        }
        """
        .formatted(
            String.join(",\n    ", special),
            quoted(WORDS),
            String.join(",\n      ", vocabulary),
            String.join(",\n      ", merged));
  }

  private static String tokenizerConfig() {
    return """
        {
          "tokenizer_class": "PreTrainedTokenizerFast",
          "bos_token": null,
          "eos_token": "<|im_end|>",
          "pad_token": "<|endoftext|>",
          "model_max_length": 512,
          "clean_up_tokenization_spaces": false,
          "chat_template": %s
        }
        """
        .formatted(quoted(CHATML));
  }

  private static String generationConfig(int tokens) {
    return """
        {
          "eos_token_id": %d,
          "pad_token_id": %d
        }
        """
        .formatted(tokens + SPECIAL.indexOf("<|im_end|>"), tokens + SPECIAL.indexOf("<|endoftext|>"));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
