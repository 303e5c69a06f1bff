package dev.polyphase.orchestrator.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The schema, and with it the key table, says what is not built yet; {@code plan} refuses that and
 * nothing else of what they list.
 */
class NotBuiltTest {
  private static final Path SCHEMA =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/pipeline.schema.json");

  private static final String MARK = "; not built yet: ";

  /** Before the keys that are no phase's. */
  private static final String OF_PIPELINE = "pipeline";

  private static final String PIPELINE =
      """
      name: keys
      base_model: tiny-llama
      device: cpu
      defaults: {targeting: {top_percent: 50}, learning_rate: 1e-3, max_steps: 1}
      phases:
        - {name: text, type: cpt, datasets: [{path: text.jsonl}]}
        - {name: rows, type: sft, datasets: [{path: more-text.jsonl}]}
        - {name: dpo, type: dpo, datasets: [{path: more-pairs.jsonl}]}
        - {name: kto, type: kto, micro_batch_size: 2, datasets: [{path: more-unpaired.jsonl}]}
        - {name: cpo, type: cpo, datasets: [{path: more-pairs.jsonl}]}
      """;

  private static final String MESSAGES =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"},"
          + " {\"role\": \"assistant\", \"content\": \"b\"}]}";

  private static final String PREFERENCE =
      "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" c\"}";

  private static final String SEGMENTS =
      "{\"segments\": [{\"label\": false, \"text\": \"a\"}, {\"label\": true, \"text\": \"b\"}]}";

  private static final String UNPAIRED =
      "{\"prompt\": \"a\", \"completion\": \" b\", \"label\": true}";

  /** Rows of each shape, by its name. */
  private static final Map<String, String> ROWS =
      Map.ofEntries(
          entry("auto", "{\"text\": \"a b\"}"),
          entry("text", "{\"text\": \"a b\"}"),
          entry("messages", MESSAGES),
          entry("chat_template", MESSAGES),
          entry(
              "sharegpt",
              "{\"conversations\": [{\"from\": \"human\", \"value\": \"a\"},"
                  + " {\"from\": \"gpt\", \"value\": \"b\"}]}"),
          entry("completion", "{\"prompt\": \"a\", \"completion\": \" b\"}"),
          entry("alpaca", "{\"instruction\": \"a\", \"output\": \"b\"}"),
          entry("segments", SEGMENTS),
          entry("input_output", SEGMENTS),
          entry("preference", PREFERENCE),
          entry("chat_template.default", PREFERENCE),
          entry("unpaired", UNPAIRED),
          entry("kto", UNPAIRED),
          entry("tokens", "{\"input_ids\": [1, 2], \"labels\": [1, 2]}"));

  private static final List<String> PAIRS = List.of("datasets=[{path: preference.jsonl}]");

  private static final List<String> WARMUP_STABLE_DECAY =
      List.of("lr_scheduler=warmup_stable_decay", "lr_scheduler_kwargs.num_decay_steps=1");

  /** What a word needs beside it, by its key or by both. */
  private static final Map<String, List<String>> BESIDE =
      Map.ofEntries(
          entry("type=dpo", PAIRS),
          entry("type=kto", List.of("datasets=[{path: unpaired.jsonl}]", "micro_batch_size=2")),
          entry("type=cpo", PAIRS),
          entry("type=orpo", PAIRS),
          entry("type=simpo", PAIRS),
          entry("dpo.loss_type=exo_pair", List.of("dpo.label_smoothing=0.001")),
          entry(
              "targeting.method=parameters",
              List.of("targeting.unfrozen_parameters=[model.layers.1]")),
          entry(
              "targeting.match",
              List.of(
                  "targeting.method=parameters",
                  "targeting.unfrozen_parameters=[model.layers.1.mlp.up_proj.weight]")),
          entry("lr_scheduler=cosine_with_min_lr", List.of("lr_scheduler_kwargs.min_lr=1e-4")),
          entry("lr_scheduler=warmup_stable_decay", WARMUP_STABLE_DECAY),
          entry("lr_scheduler_kwargs.warmup_type", WARMUP_STABLE_DECAY),
          entry("lr_scheduler_kwargs.decay_type", WARMUP_STABLE_DECAY),
          entry("adapter.save", List.of("adapter.type=lora")),
          entry("engine.type=trl", List.of("engine.python=/no/such/python")),
          entry("engine.launch", List.of("engine.type=embedded")));

  /** What is built, and asks for more than Polyphase brings: what to do is said where it lacks. */
  private static final Map<String, String> NEEDS_MORE =
      Map.of(
          "engine.type=trl",
          "engine.python is /no/such/python, where there is no program; name a Python that has torch, transformers, trl and accelerate (pip install torch transformers trl accelerate)");

  @TempDir static Path folder;
  private static String yaml = "";

  @BeforeAll
  static void files() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    for (Map.Entry<String, String> rows : ROWS.entrySet()) {
      Files.writeString(folder.resolve(rows.getKey() + ".jsonl"), rows.getValue() + "\n");
    }
    // Rows that are held out are not trained on.
    Files.writeString(folder.resolve("more-text.jsonl"), ROWS.get("text").replace(" b", " d"));
    Files.writeString(
        folder.resolve("more-pairs.jsonl"), ROWS.get("preference").replace(" b", " d"));
    Files.writeString(
        folder.resolve("more-unpaired.jsonl"), ROWS.get("unpaired").replace(" b", " d"));
    yaml = Files.writeString(folder.resolve("keys.yaml"), PIPELINE).toString();
  }

  /**
   * A word that a key may hold.
   *
   * @param key of a phase, unless it begins with {@link #OF_PIPELINE}
   * @param built whether it is not marked
   */
  record Word(String key, String value, boolean built) {}

  @ParameterizedTest
  @MethodSource("words")
  void exactlyTheMarkedWordsAreRefused(Word word) {
    String lacking = NEEDS_MORE.get(word.key() + "=" + word.value());
    if (lacking != null) {
      Polyphase.Ended planned = planned(settings(word));
      assertThat(planned.exitCode()).as(planned.results()).isEqualTo(2);
      assertThat(planned.messages()).contains(lacking).doesNotContain("not built yet");
      return;
    }
    assertPlanned(settings(word), word.key(), word.built());
  }

  /** What is no word of a list: a phase, a setting, its key, and whether it is built. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "rows  | datasets=[{path: text.jsonl, weight: 1}]      | datasets[].weight | true",
        "rows  | datasets=[{path: text.jsonl, weight: 2}]      | datasets[].weight | true",
        "rows  | datasets=[{path: 't*.jsonl'}]                 | datasets[].path   | true",
        "text  | sample_packing=true                           | sample_packing    | true",
        "rows  | sample_packing=true                           | sample_packing    | true",
        "dpo   | sample_packing=true                           | sample_packing    | true",
        "cpo   | sample_packing=true                           | sample_packing    | true",
        "kto   | sample_packing=true                           | sample_packing    | true",
        "dpo   | dpo.reference=precomputed                     | dpo.reference     | true",
        "dpo   | dpo.reference=shared                          | dpo.reference     | true",
        "dpo   | dpo.reference=tiny-llama                      | dpo.reference     | true",
        "kto   | kto.reference=shared                          | kto.reference     | true",
      })
  void whatTheOtherMarksMean(String phase, String setting, String key, boolean built) {
    assertPlanned(List.of("phases." + phase + "." + setting), key, built);
  }

  /** Whether there is one is asked where something is to be trained. */
  @Test
  void validatingAsksForNoPython() throws IOException {
    Path trl =
        Files.writeString(
            folder.resolve("trl.yaml"),
            PIPELINE.replace(
                "type: sft,", "type: sft, engine: {type: trl, python: /no/such/python},"));

    Polyphase.Ended validated = Polyphase.execute("validate", trl.toString());

    assertThat(validated.exitCode()).as(validated.messages()).isZero();
  }

  @Test
  void noOtherKeyIsMarked() throws IOException {
    Set<String> marked = new TreeSet<>();
    visitAll(
        (key, node, meaning) -> {
          if (meaning.contains(MARK)) {
            marked.add(key.replace("eval_datasets", "datasets"));
          }
        });
    assertThat(marked).isEmpty();
  }

  private static void assertPlanned(List<String> settings, String key, boolean built) {
    Polyphase.Ended planned = planned(settings);
    if (built) {
      assertThat(planned.exitCode()).as(planned.messages()).isZero();
    } else {
      assertThat(planned.exitCode()).as(planned.results()).isEqualTo(2);
      assertThat(planned.messages())
          .contains("not built yet", key.substring(key.lastIndexOf('.') + 1));
    }
  }

  private static Polyphase.Ended planned(List<String> settings) {
    List<String> args = new ArrayList<>(List.of("plan", yaml));
    settings.forEach(setting -> args.addAll(List.of("--set", setting)));
    return Polyphase.execute(args.toArray(String[]::new));
  }

  private static List<String> settings(Word word) {
    if (word.key().equals("pipeline.base_model.init")) {
      return List.of(
          "base_model={init: random, config: tiny-llama/config.json, tokenizer: tiny-llama}");
    }
    if (word.key().startsWith(OF_PIPELINE)) {
      return List.of(word.key().replace(OF_PIPELINE + ".", "") + "=" + word.value());
    }
    String phase = "phases.rows.";
    if (word.key().matches("(dpo|kto|cpo)\\..*")) {
      phase = "phases." + word.key().substring(0, "dpo.".length());
    } else if (PREFERENCE.equals(ROWS.get(word.value()))) {
      phase = "phases.dpo.";
    }
    int list = word.key().indexOf("[].");
    if (list > 0) {
      String key = word.key().substring(list + "[].".length());
      String rows = key.equals("type") ? word.value() : "messages";
      return List.of(
          "%s%s=[{path: %s.jsonl, %s: %s}]"
              .formatted(phase, word.key().substring(0, list), rows, key, word.value()));
    }
    boolean listed = word.key().endsWith("[]");
    String key = word.key().replace("[]", "");
    String value = listed ? "[" + word.value() + "]" : word.value();
    List<String> settings = new ArrayList<>(List.of(phase + key + "=" + value));
    for (String beside :
        BESIDE.getOrDefault(key + "=" + word.value(), BESIDE.getOrDefault(key, List.of()))) {
      settings.add(phase + beside);
    }
    return settings;
  }

  static List<Word> words() throws IOException {
    List<Word> words = new ArrayList<>();
    visitAll(
        (key, node, meaning) -> {
          int mark = meaning.indexOf(MARK);
          String notBuilt = mark < 0 ? "" : meaning.substring(mark);
          for (JsonNode word : node.path("enum")) {
            if (!word.isNull()) {
              boolean built = !notBuilt.contains("`" + word.textValue() + "`");
              words.add(new Word(key, word.textValue(), built));
            }
          }
        });
    assertThat(words)
        .extracting(Word::key)
        .contains(
            "pipeline.dtype",
            "targeting.metric",
            "datasets[].type",
            "dpo.loss_type",
            "kto.loss_type");
    return words;
  }

  @FunctionalInterface
  private interface Visitor {
    /**
     * Sees the schema of a value.
     *
     * @param meaning the description of its key
     */
    void see(String key, JsonNode node, String meaning);
  }

  private static void visitAll(Visitor visitor) throws IOException {
    JsonNode schema = Polyphase.json(SCHEMA);
    visit(schema, OF_PIPELINE, "", visitor);
    visit(schema.at("/$defs/phase"), "", "", visitor);
  }

  /** All that a schema holds, but what it refers to. */
  private static void visit(JsonNode node, String key, String meaning, Visitor visitor) {
    visitor.see(key, node, meaning);
    node.path("anyOf").forEach(form -> visit(form, key, meaning, visitor));
    if (node.has("items")) {
      visit(node.path("items"), key + "[]", "", visitor);
    }
    node.path("properties")
        .properties()
        .forEach(
            property -> {
              JsonNode value = property.getValue();
              String name = key.isEmpty() ? property.getKey() : key + "." + property.getKey();
              if (!value.has("$ref")) {
                visit(value, name, value.path("description").asText(), visitor);
              }
            });
  }
}
