package dev.polyphase.orchestrator.fuzz;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.cli.Polyphase;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The folders that cases have. Only {@code case/out}, what scans and runs keep below {@code home},
 * and nothing else may change by a command.
 *
 * @param root their parent, in which nothing else lies
 */
record Workplace(Path root) {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String PIPELINE =
      """
      name: three
      base_model: model
      output_dir: runs
      seed: 7
      device: cpu
      dtype: float32
      save_dtype: base
      defaults:
        sequence_len: 64
        micro_batch_size: 2
        gradient_accumulation_steps: 2
        learning_rate: 0.001
        lr_scheduler: cosine
        warmup_ratio: 0.1
        optimizer: adamw
        weight_decay: 0.01
        max_grad_norm: 1.0
        logging_steps: 1
      phases:
        - name: foundation
          type: cpt
          targeting: {top_percent: 50, modules: [mlp.up_proj, 're:layers.[01].self_attn'], always_train: [lm_head]}
          datasets: [{path: text.jsonl, type: text}]
          max_tokens: 2000
          sample_packing: true
          rescan_every: 5
        - name: refinement
          type: sft
          targeting:
            method: parameters
            unfrozen_parameters: ['^model.embed_tokens.weight$[:128]', 'model.layers.[23].mlp']
          datasets:
            - {path: messages.jsonl}
            - {path: 'comple*.jsonl', type: completion}
            - {path: tokens.jsonl}
          val_set_size: 2
          eval_steps: 2
          max_steps: 4
          lr_scheduler: warmup_stable_decay
          lr_scheduler_kwargs: {num_decay_steps: 1, min_lr_ratio: 0.1}
        - name: alignment
          type: dpo
          targeting: {top_percent: 40, always_train: []}
          adapter: {type: lora, r: 4, alpha: 8, dropout: 0.1}
          datasets: [{path: preference.jsonl}]
          num_epochs: 2
          dpo: {beta: 0.1, loss_type: sigmoid, label_smoothing: 0.1}
      """;

  /** Two phases that take parts of a second. */
  private static final String RUN =
      """
      name: two
      base_model: model
      device: cpu
      defaults: {sequence_len: 32, learning_rate: 0.001, max_steps: 2, datasets: [{path: text.jsonl}]}
      phases:
        - {name: first, type: cpt, targeting: {top_percent: 50, modules: [mlp.up_proj], always_train: []}}
        - {name: second, type: cpt, targeting: {method: parameters, unfrozen_parameters: [model.layers.3.mlp]}}
      """;

  private static final String BEGIN =
      """
      name: begun
      base_model: model
      device: cpu
      phases:
        - {name: only, type: sft, targeting: {method: parameters, unfrozen_parameters: [model.layers.3.mlp]},
           sequence_len: 64, learning_rate: 0.001, max_steps: 1, datasets: [{path: messages.jsonl}]}
      """;

  private static final String TEMPLATE =
      """
      {%- if tools %}
        {{- '<|im_start|>system\\n' ~ tools | tojson ~ '<|im_end|>\\n' }}
      {%- endif %}
      {%- macro turn(message) %}
        {{- '<|im_start|>' + message.role + '\\n' + (message['content'] | default('')) + '<|im_end|>\\n' }}
      {%- endmacro %}
      {%- set ns = namespace(turns=0) %}
      {%- for message in messages %}
        {%- if loop.first and message.role == 'system' or message.content is string %}
          {%- set ns.turns = ns.turns + 1 %}
          {{- turn(message) }}
        {%- else %}
          {{- raise_exception('a turn without text: %s' % loop.index) }}
        {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
        {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  /** What cases are copied from. */
  Path base() {
    return root.resolve("base");
  }

  /** The folder of the case that goes on. */
  Path current() {
    return root.resolve("case");
  }

  /** Below it commands may write. */
  Path out() {
    return current().resolve("out");
  }

  /** What nobody may touch. */
  Path beside() {
    return root.resolve("beside");
  }

  Path home() {
    return root.resolve("home");
  }

  /** Java's own folder of temporary files. */
  Path temporary() {
    return root.resolve("tmp");
  }

  /** The current folder of the program. */
  Path here() {
    return root.resolve("here");
  }

  /** Makes all folders that commands need, and those that they must not touch. */
  void make() throws IOException {
    Path beside = Files.createDirectories(beside());
    Files.writeString(beside.resolve("kept.txt"), "kept");
    Files.createDirectories(beside.resolve("folder/below"));
    Files.writeString(beside.resolve("folder/below/kept.txt"), "kept");
    Files.createSymbolicLink(beside.resolve("link"), beside.resolve("folder"));
    for (Path folder : List.of(home(), temporary(), here())) {
      Files.createDirectories(folder);
    }
  }

  /** Makes what cases are copied from, with the program itself where it makes such files. */
  void makeBase() throws IOException {
    Path in = Files.createDirectories(base().resolve("in"));
    Files.move(Fixture.LLAMA.copyTo(in), in.resolve("model"));
    shard(in.resolve("model"), in.resolve("sharded"));
    Files.writeString(in.resolve("pipeline.yaml"), PIPELINE);
    Files.writeString(in.resolve("run.yaml"), RUN);
    Files.writeString(in.resolve("begin.yaml"), BEGIN);
    Files.writeString(in.resolve("template.jinja"), TEMPLATE);
    rows(in);

    Path scans = Files.createDirectories(root.resolve("scans"));
    execute(0, "scan", in.resolve("model").toString(), "-o", scans.toString());
    Files.move(scans.resolve("snr_results_model.json"), in.resolve("snr.json"));
    Files.writeString(
        in.resolve("other.json"),
        Files.readString(in.resolve("snr.json")).replace("layers.1", "layers.11"));
    String run = in.resolve("run.yaml").toString();
    execute(0, "run", run, "-o", base().resolve("finished").toString());
    // A bound at which no loss of a first step is good enough.
    String unfinished = base().resolve("unfinished").toString();
    execute(
        1,
        "run",
        run,
        "-o",
        unfinished,
        "--set",
        "phases.second.loss_watchdog_threshold=1e-6",
        "--set",
        "phases.second.loss_watchdog_patience=1");
  }

  private void execute(int exitCode, String... args) {
    Polyphase.Ended ended = Polyphase.execute(environment(), args);
    if (ended.exitCode() != exitCode) {
      throw new IllegalStateException(String.join(" ", args) + ": " + ended.messages());
    }
  }

  /** What the program is told of its surroundings. */
  Map<String, String> environment() {
    return Map.of(
        "POLYPHASE_HOME", home().toString(),
        "HF_HUB_CACHE", here().toString(),
        "HF_HUB_OFFLINE", "1");
  }

  private static void rows(Path in) throws IOException {
    StringBuilder text = new StringBuilder();
    StringBuilder messages = new StringBuilder();
    StringBuilder completion = new StringBuilder();
    StringBuilder preference = new StringBuilder();
    StringBuilder tokens = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      text.append("{\"text\": \"Water boils at %d degrees.\"}%n".formatted(i));
      messages.append(
          ("{\"messages\": [{\"role\": \"user\", \"content\": \"Say %1$d.\"},"
                  + " {\"role\": \"assistant\", \"content\": \"%1$d\", \"weight\": 1}],"
                  + " \"tools\": null}%n")
              .formatted(i));
      completion.append("{\"prompt\": \"Say %1$d:\", \"completion\": \" %1$d\"}%n".formatted(i));
      preference.append(
          "{\"prompt\": [{\"role\": \"user\", \"content\": \"%1$d?\"}], \"chosen\": [{\"role\": \"assistant\", \"content\": \"%1$d\"}], \"rejected\": [{\"role\": \"assistant\", \"content\": \"no\"}]}%n"
              .formatted(i));
      tokens.append(
          "{\"input_ids\": [%1$d, 65, 66, 258], \"labels\": [-100, 65, 66, 258]}%n".formatted(i));
    }
    Files.writeString(in.resolve("text.jsonl"), text);
    Files.writeString(in.resolve("messages.jsonl"), messages);
    Files.writeString(in.resolve("completion.jsonl"), completion);
    Files.writeString(in.resolve("preference.jsonl"), preference);
    Files.writeString(in.resolve("tokens.jsonl"), tokens);
  }

  /** The same checkpoint in two files with an index. */
  private static void shard(Path model, Path sharded) throws IOException {
    copy(model, sharded);
    Path whole = sharded.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(whole);
    int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    ObjectNode header = (ObjectNode) JSON.readTree(Arrays.copyOfRange(bytes, 8, 8 + length));
    byte[] data = Arrays.copyOfRange(bytes, 8 + length, bytes.length);
    int cut = data.length / 2;
    for (var tensor : Checkpoint.open(model).tensors()) {
      int end = header.path(tensor.name()).path("data_offsets").path(1).intValue();
      if (end > data.length / 2) {
        cut = end;
        break;
      }
    }
    ObjectNode index = JSON.createObjectNode();
    index.putObject("metadata").put("total_size", data.length);
    ObjectNode map = index.putObject("weight_map");
    for (int shard = 1; shard <= 2; shard++) {
      int from = shard == 1 ? 0 : cut;
      int to = shard == 1 ? cut : data.length;
      ObjectNode entries = JSON.createObjectNode();
      entries.putObject("__metadata__").put("format", "pt");
      String name = "model-0000" + shard + "-of-00002.safetensors";
      header
          .properties()
          .forEach(
              entry -> {
                int begin = entry.getValue().path("data_offsets").path(0).asInt(-1);
                int end = entry.getValue().path("data_offsets").path(1).asInt(-1);
                if (begin >= from && end <= to) {
                  ObjectNode tensor = entry.getValue().deepCopy();
                  tensor.putArray("data_offsets").add(begin - from).add(end - from);
                  entries.set(entry.getKey(), tensor);
                  map.put(entry.getKey(), name);
                }
              });
      byte[] text = entries.toString().getBytes(StandardCharsets.UTF_8);
      byte[] file =
          ByteBuffer.allocate(8 + text.length + to - from)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(text.length)
              .put(text)
              .put(data, from, to - from)
              .array();
      Files.write(sharded.resolve(name), file);
    }
    Files.writeString(sharded.resolve("model.safetensors.index.json"), index.toPrettyString());
    Files.delete(whole);
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path copy = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(file, copy);
        }
      }
    }
  }

  static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(file);
      }
    }
  }
}
