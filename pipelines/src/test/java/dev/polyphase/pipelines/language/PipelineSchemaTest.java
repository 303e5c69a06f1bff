package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The committed schema, judged by a validator that is not ours. */
class PipelineSchemaTest {
  private static final Path FILE = Path.of("pipeline.schema.json");

  /** What follows from several keys at once or from inheritance, which the schema leaves alone. */
  private static final List<String> LEFT_TO_VALIDATE =
      List.of(
          "adapter-of-everything",
          "adapter-without-type",
          "adaptive-and-random",
          "best-of-nothing",
          "best-without-steps",
          "braces-in-output-dir",
          "cancel-of-local",
          "cancel-of-slurm",
          "cosine-ratio-of-linear",
          "divergence-of-apo",
          "dpo-on-sft",
          "empty-value",
          "engine-without-type",
          "engine-without-type-anywhere",
          "eval-steps-of-nothing",
          "exo-without-smoothing",
          "inherited-cancel-of-slurm",
          "inherited-nodes",
          "kto-on-dpo",
          "kwargs-of-another-scheduler",
          "kwargs-of-another-scheduler-in-defaults",
          "local-of-inherited-nodes",
          "lr-by-snr-of-everything",
          "lr-by-snr-without-scale",
          "lr-end-above-rate",
          "lr-factors-reversed",
          "match-of-snr",
          "metric-of-parameters",
          "min-lr-above-rate",
          "modules-of-full",
          "muon-offloaded",
          "no-datasets",
          "no-decay-steps",
          "no-learning-rate",
          "no-min-lr",
          "no-patterns",
          "no-targeting",
          "nodes-of-local",
          "patience-without-rows",
          "patience-without-steps",
          "patience-without-threshold",
          "patterns-of-snr",
          "percent-of-all",
          "ranking-of-all",
          "report-to-none-beside-others",
          "rescan-beside-adapter",
          "rescan-of-all",
          "rescan-of-everything",
          "rescan-of-random",
          "rounding-of-float32",
          "same-phase-name",
          "share-of-adaptive",
          "share-of-most-parameters",
          "split-judged",
          "split-pairs",
          "threshold-without-patience",
          "top-percent-of-parameters",
          "two-budgets",
          "two-engines",
          "two-min-lrs",
          "two-ranks",
          "two-spellings",
          "two-spellings-of-dataset",
          "unknown-placeholder",
          "unknown-placeholder-of-cancel",
          "val-set-beside-eval-datasets",
          "warmup-twice",
          "weighting-of-sorted",
          "weights-of-other-losses");

  private final Schema schema =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(PipelineSchema.json(), InputFormat.JSON);

  /** {@code -Dgolden.update=true} writes the file anew. */
  @Test
  void theCommittedFileIsTheSchema() throws IOException {
    if (Boolean.getBoolean("golden.update")) {
      Files.writeString(FILE, PipelineSchema.json());
    }
    assertThat(FILE).hasContent(PipelineSchema.json());
  }

  @ParameterizedTest
  @MethodSource("validFiles")
  void takesEveryValidPipeline(Path file) throws IOException {
    assertThat(schema.validate(read(file).orElseThrow())).isEmpty();
  }

  /** Each file of {@code invalid} holds one fault. */
  @Test
  void refusesWhatIsWrongInASingleKey() throws IOException {
    List<String> taken = new ArrayList<>();
    for (Path file : filesIn(Path.of("src/test/resources/invalid"))) {
      Optional<JsonNode> pipeline = read(file);
      if (pipeline.isPresent() && schema.validate(pipeline.get()).isEmpty()) {
        taken.add(file.getFileName().toString().replace(".yaml", ""));
      }
    }
    assertThat(new TreeSet<>(taken)).isEqualTo(new TreeSet<>(LEFT_TO_VALIDATE));
  }

  /** Editors read {@code 600_000_000} as a text. */
  @ParameterizedTest
  @ValueSource(strings = {"600_000_000", "600000000"})
  void takesNumbersAsEditorsSeeThem(String number) {
    assertThat(validateMaxTokens('"' + number + '"')).as(number).isEqualTo(number.contains("_"));
    assertThat(validateMaxTokens("600000000")).isTrue();
    assertThat(validateMaxTokens("0")).isFalse();
  }

  private boolean validateMaxTokens(String value) {
    String pipeline =
        """
        {"name": "a", "base_model": "b", "phases": [{"name": "c", "type": "sft", "max_tokens": %s}]}
        """;
    return schema.validate(pipeline.formatted(value), InputFormat.JSON).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("shippedFiles")
  void everyShippedPipelineTellsEditorsItsSchema(Path file) throws IOException {
    Path toSchema = file.getParent().relativize(FILE);
    assertThat(Files.readAllLines(file).get(0))
        .isEqualTo("# yaml-language-server: $schema=" + toSchema);
  }

  static List<Path> validFiles() throws IOException {
    List<Path> files = new ArrayList<>(filesIn(Path.of("src/test/resources/valid")));
    files.addAll(shippedFiles());
    return files;
  }

  /** All pipelines beside the sources. */
  static List<Path> shippedFiles() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(""))) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.startsWith("src") && !file.startsWith("target"))
          .sorted()
          .toList();
    }
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** The file as JSON, or nothing where it is no YAML. */
  private static Optional<JsonNode> read(Path file) throws IOException {
    Problems problems = new Problems();
    Node tree;
    try {
      tree = YamlTree.ofFile(Files.readString(file), file.toString(), problems);
      problems.throwIfAny();
    } catch (InputException e) {
      return Optional.empty();
    }
    return Optional.of(json(tree));
  }

  private static JsonNode json(Node node) {
    JsonNodeFactory factory = JsonNodeFactory.instance;
    if (node instanceof Mapping mapping) {
      ObjectNode object = factory.objectNode();
      mapping.entries().forEach((key, entry) -> object.set(key, json(entry.value())));
      return object;
    }
    if (node instanceof Sequence sequence) {
      ArrayNode array = factory.arrayNode();
      sequence.items().forEach(item -> array.add(json(item)));
      return array;
    }
    Scalar scalar = (Scalar) node;
    if (scalar.isNull()) {
      return factory.nullNode();
    }
    if (scalar.bool().isPresent()) {
      return factory.booleanNode(scalar.bool().get());
    }
    return scalar
        .number()
        .<JsonNode>map(factory::numberNode)
        .orElseGet(() -> factory.textNode(scalar.text()));
  }
}
