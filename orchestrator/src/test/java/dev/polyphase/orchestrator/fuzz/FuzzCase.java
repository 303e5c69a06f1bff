package dev.polyphase.orchestrator.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.yaml.snakeyaml.Yaml;

/**
 * A command on a file that was changed.
 *
 * @param target which files, and which commands read them
 * @param file the one that is changed, from the case's folder on
 * @param command its words; {@code in} and {@code out} stand for the case's folders
 */
record FuzzCase(Target target, String file, String command) {
  private static final ObjectMapper TREES = new ObjectMapper();

  /** How a file's own format is changed. */
  private enum Format {
    JSON,
    ROWS,
    YAML,
    TEMPLATE,
    TOKENIZER,
    SAFETENSORS,
    PLAIN
  }

  private static final List<String> MODEL_COMMANDS =
      List.of(
          "scan in/model -o out --modules mlp.up_proj,self_attn.k_proj",
          "plan in/pipeline.yaml",
          "score in/model --input in/messages.jsonl --device cpu",
          "run in/begin.yaml -o out");

  private static final List<String> TOKENIZER_COMMANDS =
      List.of(
          "plan in/pipeline.yaml",
          "score in/model --input in/text.jsonl -o out/scores.jsonl --device cpu",
          "render in/model --input in/messages.jsonl --add-generation-prompt",
          "run in/begin.yaml -o out");

  /**
   * Files that are read alike.
   *
   * @param weight how often it is the one, beside others
   * @param runs the folder of runs that the case needs, or nothing
   */
  record Target(
      int weight, Format format, String runs, List<String> files, List<String> commands) {}

  private static final List<Target> TARGETS =
      List.of(
          target(5, Format.JSON, "in/model/config.json", MODEL_COMMANDS),
          target(1, Format.JSON, "in/model/generation_config.json", MODEL_COMMANDS),
          target(6, Format.TOKENIZER, "in/model/tokenizer.json", TOKENIZER_COMMANDS),
          target(3, Format.JSON, "in/model/tokenizer_config.json", TOKENIZER_COMMANDS),
          target(8, Format.SAFETENSORS, "in/model/model.safetensors", MODEL_COMMANDS),
          target(
              4,
              Format.JSON,
              "in/sharded/model.safetensors.index.json",
              List.of(
                  "scan in/sharded -o out --modules mlp.down_proj",
                  "plan in/begin.yaml --set base_model=sharded",
                  "score in/sharded --input in/tokens.jsonl --device cpu")),
          target(
              2,
              Format.SAFETENSORS,
              "in/sharded/model-00001-of-00002.safetensors",
              List.of(
                  "scan in/sharded -o out --modules mlp.down_proj",
                  "plan in/begin.yaml --set base_model=sharded")),
          target(
              9,
              Format.YAML,
              "in/pipeline.yaml",
              List.of(
                  "validate in/pipeline.yaml",
                  "plan in/pipeline.yaml",
                  "plan in/pipeline.yaml --json")),
          target(
              2,
              Format.ROWS,
              "in/preference.jsonl",
              List.of("plan in/pipeline.yaml", "render in/model --input in/preference.jsonl")),
          new Target(
              6,
              Format.ROWS,
              "",
              List.of("text", "messages", "completion", "tokens").stream()
                  .map(name -> "in/" + name + ".jsonl")
                  .toList(),
              List.of(
                  "plan in/pipeline.yaml --json",
                  "score in/model --input FILE --device cpu",
                  "render in/model --input FILE",
                  "render in/template.jinja --input FILE --set-token bos_token=x")),
          new Target(
              5,
              Format.JSON,
              "",
              List.of("in/snr.json", "in/other.json"),
              List.of(
                  "select FILE --top-percent 30",
                  "select FILE --top-percent 0.1 -o out/selection.yaml",
                  "compare in/snr.json in/other.json",
                  "compare in/snr.json in/other.json --json --top-percent 60")),
          target(
              5,
              Format.TEMPLATE,
              "in/template.jinja",
              List.of(
                  "render in/template.jinja --input in/messages.jsonl --add-generation-prompt")),
          target(
              3,
              Format.TEMPLATE,
              "in/model/chat_template.jinja",
              List.of(
                  "plan in/begin.yaml",
                  "render in/model --input in/messages.jsonl",
                  "score in/model --input in/messages.jsonl --device cpu")),
          new Target(
              4,
              Format.JSON,
              "finished",
              List.of(
                  "out/two/run.json",
                  "out/two/report/report.json",
                  "out/two/phase-01-first/snr.json",
                  "out/two/phase-01-first/trainer_state.json"),
              List.of("report out/two", "run in/run.yaml -o out")),
          new Target(
              1,
              Format.ROWS,
              "finished",
              List.of(
                  "out/two/events.jsonl",
                  "out/two/log.jsonl",
                  "out/two/phase-01-first/metrics.jsonl",
                  "out/two/phase-01-first/spectra.jsonl"),
              List.of("report out/two", "run in/run.yaml -o out")),
          new Target(
              1,
              Format.PLAIN,
              "finished",
              List.of("out/two/phase-01-first/selection.yaml", "out/two/pipeline.yaml"),
              List.of("report out/two", "run in/run.yaml -o out")),
          new Target(
              4,
              Format.JSON,
              "unfinished",
              List.of("out/two/run.json"),
              List.of(
                  "run in/run.yaml -o out", "report out/two", "run in/run.yaml -o out --fresh")),
          new Target(
              1,
              Format.JSON,
              "unfinished",
              List.of(
                  "out/two/phase-01-first/model/config.json",
                  "out/two/phase-01-first/model/tokenizer.json",
                  "out/two/phase-02-second/failed-step.json"),
              List.of("run in/run.yaml -o out", "report out/two")),
          new Target(
              1,
              Format.SAFETENSORS,
              "unfinished",
              List.of("out/two/phase-01-first/model/model.safetensors"),
              List.of("run in/run.yaml -o out", "report out/two")));

  private static Target target(int weight, Format format, String file, List<String> commands) {
    return new Target(weight, format, "", List.of(file), commands);
  }

  /** Every command on every file, none of which is changed. */
  static List<FuzzCase> unchanged() {
    List<FuzzCase> cases = new ArrayList<>();
    for (Target target : TARGETS) {
      for (String file : target.files()) {
        for (String command : target.commands()) {
          cases.add(new FuzzCase(target, file, command.replace("FILE", file)));
        }
      }
    }
    return cases;
  }

  /** What the case of a number draws from. */
  static Random random(long seed, int number) {
    return new Random(new SplittableRandom(seed * 1_000_003 + number).nextLong());
  }

  /** A case by what is drawn for it. */
  static FuzzCase drawn(Random random) {
    int place = random.nextInt(TARGETS.stream().mapToInt(Target::weight).sum());
    int index = 0;
    while (place >= TARGETS.get(index).weight()) {
      place -= TARGETS.get(index).weight();
      index++;
    }
    Target target = TARGETS.get(index);
    String file = OddValues.one(target.files(), random);
    String command = OddValues.one(target.commands(), random).replace("FILE", file);
    return new FuzzCase(target, file, command);
  }

  /** Puts the files into an empty folder for the case. */
  void copy(Workplace workplace) throws IOException {
    Path folder = workplace.current();
    Workplace.copy(workplace.base().resolve("in"), folder.resolve("in"));
    Files.createDirectories(workplace.out());
    if (!target.runs().isEmpty()) {
      Workplace.copy(workplace.base().resolve(target.runs()), workplace.out());
    }
    Path template = folder.resolve("in/model/chat_template.jinja");
    if (folder.resolve(file).equals(template)) {
      Files.copy(folder.resolve("in/template.jinja"), template);
    }
  }

  /** Changes the file, and says how. */
  String mutate(Workplace workplace, Random random) throws IOException {
    Path path = workplace.current().resolve(file);
    int kind = random.nextInt(40);
    if (kind < 3) {
      Path other = workplace.beside().resolve(kind == 2 ? "none" : "kept.txt");
      Files.delete(path);
      if (kind == 0) {
        Files.createDirectories(path);
        return "a folder in its place";
      }
      Files.createSymbolicLink(path, other);
      return "a link to " + other.getFileName() + " in its place";
    }
    byte[] bytes = Files.readAllBytes(path);
    Mutant mutant = kind < 12 ? ByteMutator.mutate(bytes, random) : mutate(bytes, random);
    Files.write(path, mutant.bytes());
    return mutant.how();
  }

  private Mutant mutate(byte[] bytes, Random random) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    return switch (target.format()) {
      case JSON -> JsonMutator.mutate(text, random);
      case TOKENIZER -> TokenizerMutator.mutate(text, random);
      case SAFETENSORS -> SafetensorsMutator.mutate(bytes, random);
      case ROWS ->
          random.nextInt(3) == 0
              ? TextMutator.mutate(text, TextMutator.ROWS, random)
              : row(text, random);
      // What is JSON is YAML, too.
      case YAML ->
          random.nextInt(3) == 0
              ? TextMutator.mutate(text, TextMutator.YAML, random)
              : JsonMutator.mutate(TREES.<JsonNode>valueToTree(new Yaml().load(text)), random);
      case TEMPLATE -> TextMutator.mutate(text, TextMutator.JINJA, random);
      case PLAIN -> TextMutator.mutate(text, TextMutator.YAML, random);
    };
  }

  private static Mutant row(String text, Random random) {
    List<String> lines = new ArrayList<>(text.lines().toList());
    int at = random.nextInt(lines.size());
    Mutant row = JsonMutator.mutate(lines.get(at), random);
    lines.set(at, new String(row.bytes(), StandardCharsets.UTF_8));
    return Mutant.of("row " + (at + 1) + row.how(), String.join("\n", lines) + "\n");
  }

  /** The command's words, with the case's folders in place. */
  String[] args(Workplace workplace) {
    return Arrays.stream(command.split(" ", -1))
        .map(
            word ->
                word.matches("(in|out)(/.*)?")
                    ? workplace.current().resolve(word).toString()
                    : word)
        .toArray(String[]::new);
  }
}
