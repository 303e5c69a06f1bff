package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class UnfrozenParametersTest {
  private static final List<String> NAMES =
      List.of(
          "model.embed_tokens.weight",
          "model.layers.0.self_attn.q_proj.weight",
          "model.layers.0.self_attn.q_proj.bias",
          "model.layers.1.mlp.gate_proj.weight",
          "model.layers.11.mlp.gate_proj.weight",
          "model.layers.2.mlp.experts.5.down_proj.weight",
          "model.norm.weight",
          "lm_head.weight");

  @TempDir Path folder;

  /**
   * Patterns with the indices of the names above that CPython 3.11's {@code re.match} finds once
   * the dots are escaped as Axolotl does, or {@code error} where it takes no such pattern.
   */
  static Stream<Arguments> matchesOfPython() {
    return Stream.of(
        arguments("model.layers.1.mlp", "3"),
        arguments("model.layers.1", "34"),
        arguments("^lm_head.weight$", "7"),
        arguments("lm_head", "7"),
        arguments("head", ""),
        arguments("^model.norm.weight$", "6"),
        arguments("model.layers.*", "12345"),
        arguments("model.*norm", "6"),
        arguments("model.+norm", "6"),
        arguments(".+proj.weight", "1345"),
        arguments(".+mlp.+weight$", "345"),
        arguments("model.layers.[0-9].mlp", "35"),
        arguments("model.layers.[0-9]+.mlp.gate", "34"),
        arguments("model.layers.(0|2).+", "125"),
        arguments("model.layers.1{2}.", "4"),
        arguments("model.layers.1{,1}.mlp", "3"),
        arguments("model.layers.{1}", "12345"),
        arguments("model.layers{", ""),
        arguments("model{x}", ""),
        arguments("model.layers.\\d.self_attn", "12"),
        arguments("model\\.norm", ""),
        arguments("model.norm.weight\\Z", "6"),
        arguments("model.layers.[[0-9]", "12345"),
        arguments("model.layers.[]0-9]", "12345"),
        arguments("model.layers.[&&1]", "34"),
        arguments("model.layers.[^0-1]+.mlp", "5"),
        arguments("[\\w-.]+", "error"),
        arguments("[\\w.-]+norm", "6"),
        arguments("(?P<layer>model)_?.norm", "6"),
        arguments("(?i)MODEL.NORM", "6"),
        arguments("(?i:LM_HEAD)", "7"),
        arguments("(?:model|lm_head).+weight", "0134567"),
        arguments("model.(?!layers)", "06"),
        arguments("model.layers.(?=2)", "5"),
        arguments("*.mlp", "error"),
        arguments("+.mlp", "error"),
        arguments("^*", "error"),
        arguments("model**", "error"),
        arguments("model.layers.1{2}{3}", "error"),
        arguments("model.layers.1++.", "34"),
        arguments("model.layers.1??.mlp", "3"),
        arguments("(model", "error"),
        arguments("model)", "error"),
        arguments("[model", "error"),
        arguments("model.[z-a]", "error"),
        arguments("model\\", "error"),
        arguments("\\Q", "error"),
        arguments("\\p{L}", "error"),
        arguments("\\h", "error"),
        arguments("\\x6dodel.norm", "6"),
        arguments("\\u006dodel.norm", "6"),
        arguments("mode\\l", "error"),
        arguments("[\\b]", ""),
        arguments("model{3,1}", "error"),
        arguments("a|lm_head", "7"),
        arguments("|x", "01234567"),
        arguments("model.layers.0.self_attn.q_proj", "12"),
        arguments("m{1}odel.norm", "6"),
        arguments("model?.norm", "6"),
        arguments("mod.l", ""),
        arguments("model.embed_tokens.weight$", "0"),
        arguments("(lm)_head|(model)\\.norm", "7"),
        arguments("x*", "01234567"),
        arguments("model.layers.\\d\\d", "4"),
        arguments("model.[\\d]", ""),
        arguments("model.[a-\\d]", "error"),
        arguments("\\blm_head\\b", "7"),
        arguments("l\\w+", "7"),
        arguments("()*lm", "7"),
        arguments("(?<=x)m", ""),
        arguments("\\Alm_head", "7"),
        arguments("$", ""),
        arguments("^^lm", "7"),
        arguments("lm_head.weight$$", "7"));
  }

  /** Each would take longer than the universe has, or more stack than there is. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "(?:(?:[a-z]+)+)+!",
        "(?:.*.*.*.*.*.*.*.*)*!",
        "(?:a|e|i|o|u|[a-z.]|[0-9_])*!",
        "(?:[a-z_]|[.0-9])*(?:[a-z_]|[.0-9])*(?:[a-z_]|[.0-9])*(?:[a-z_]|[.0-9])*!",
      })
  void refusesAnExpressionThatTriesTooManyWays(String pattern) throws IOException {
    String name = "model.layers.0." + "long_part.".repeat(2_000) + "weight";
    Checkpoint checkpoint = new HandMadeCheckpoint().tensor(name, 1).writeTo(folder);

    assertThatThrownBy(
            () -> UnfrozenParameters.of(List.of(pattern), ParameterMatch.REGEX).match(checkpoint))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("unfrozen_parameters: '" + pattern + "' is no regular expression")
        .hasMessageContaining("too many ways");
    assertThatThrownBy(() -> ScanTargets.of(checkpoint, List.of("re:" + pattern)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'re:" + pattern + "' is no regular expression")
        .hasMessageContaining("too many ways");
  }

  @Test
  void refusesAnExpressionThatNestsAsDeepAsItIsLong() {
    String pattern = "(".repeat(100_000) + "a" + ")".repeat(100_000);

    assertThatThrownBy(() -> UnfrozenParameters.of(List.of(pattern), ParameterMatch.REGEX))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("more than 2,000 characters")
        .hasMessageMatching("(?s).{1,800}");
  }

  @ParameterizedTest
  @MethodSource
  void matchesOfPython(String pattern, String expected) throws IOException {
    HandMadeCheckpoint tensors = new HandMadeCheckpoint();
    NAMES.forEach(name -> tensors.tensor(name, 1));
    Checkpoint checkpoint = tensors.writeTo(folder);

    if (expected.equals("error")) {
      assertThatThrownBy(() -> UnfrozenParameters.of(List.of(pattern)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'" + pattern + "' is no regular expression");
      return;
    }
    UnfrozenParameters parameters = UnfrozenParameters.of(List.of(pattern));
    if (expected.isEmpty()) {
      assertThatThrownBy(() -> parameters.match(checkpoint))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("'" + pattern + "' matches none of the model's 8 parameters");
      return;
    }
    assertThat(parameters.match(checkpoint).all())
        .containsExactlyElementsOf(
            expected
                .chars()
                .mapToObj(index -> NAMES.get(index - '0'))
                .collect(Collectors.toList()));
  }

  /** The rows that Axolotl's parser and merging leave to train of 10. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "table[:4]                          | 0-4",
        "^model.table$[7:]                  | 7-10",
        "table[5]                           | 5-6",
        "model.table[2:4] model.table[3:6]  | 2-6",
        "model.table[2:4] model.table[4]    | 2-5",
        "model.table[8:] model.table[:1]    | 0-1 8-10",
        "model.table[3:4] model.table       | 3-4",
        "model.table[]                      | all",
        "model.table[:]                     | all",
        "model.table[0:10]                  | all",
        "model.table[:5] model.table[5:]    | all",
        "model.table                        | all",
      })
  void rowsAreTheUnionOfTheRanges(String patterns, String expected) throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint().tensor("model.table", 10, 3).tensor("table", 10).writeTo(folder);
    List<String> given = List.of(patterns.split(" ", -1));
    boolean vector = given.get(0).startsWith("table");
    String tensor = vector ? "table" : "model.table";

    UnfrozenParameters.Matches matches = UnfrozenParameters.of(given).match(checkpoint);

    assertThat(matches.all()).containsExactly(tensor);
    if (expected.equals("all")) {
      assertThat(matches.rows()).isEmpty();
      return;
    }
    String rows =
        matches.rows().get(tensor).ranges().stream()
            .map(range -> range.start() + "-" + range.end())
            .collect(Collectors.joining(" "));
    assertThat(rows).isEqualTo(expected);
  }

  @Test
  void eachPatternHasItsTensorsAndParameters() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("a.table.weight", 10, 3)
            .tensor("a.table.bias", 10)
            .tensor("b.weight", 4, 2)
            .writeTo(folder);

    assertThat(UnfrozenParameters.of(List.of("a.table[2:6]", "b")).match(checkpoint).patterns())
        .containsExactly(
            new UnfrozenParameters.Match(
                "a.table[2:6]", List.of("a.table.weight", "a.table.bias"), 4 * 3 + 4),
            new UnfrozenParameters.Match("b", List.of("b.weight"), 8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[11:]", "[10:]", "[:11]", "[10]", "[4:4]", "[6:2]", "[99999999999999999999]"})
  void rowsThatATensorHasNotAreErrors(String range) throws IOException {
    Checkpoint checkpoint = new HandMadeCheckpoint().tensor("model.table", 10, 3).writeTo(folder);

    assertThatThrownBy(() -> UnfrozenParameters.of(List.of("model" + range)).match(checkpoint))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'model" + range + "' means rows")
        .hasMessageContaining("model.table, which has 10");
  }

  @Test
  void exactMeansWholeNamesAndRegexFindsAnywhere() throws IOException {
    HandMadeCheckpoint tensors = new HandMadeCheckpoint();
    NAMES.forEach(name -> tensors.tensor(name, 6));
    Checkpoint checkpoint = tensors.writeTo(folder);

    UnfrozenParameters.Matches exact =
        UnfrozenParameters.of(List.of("lm_head.weight[2:]"), ParameterMatch.EXACT)
            .match(checkpoint);
    assertThat(exact.all()).containsExactly("lm_head.weight");
    assertThat(exact.rows().get("lm_head.weight").rows()).isEqualTo(4);
    assertThat(
            UnfrozenParameters.of(List.of("layers.[12]\\.", "_proj.bias$"), ParameterMatch.REGEX)
                .match(checkpoint)
                .all())
        .containsExactly(NAMES.get(3), NAMES.get(5), NAMES.get(2));
    assertThat(
            UnfrozenParameters.of(List.of("mlp.gate_proj.weigh[t]"), ParameterMatch.REGEX)
                .match(checkpoint)
                .all())
        .containsExactly(NAMES.get(3), NAMES.get(4));
    for (String pattern : List.of("lm_head", "lm_head.weigh.", "^lm_head.weight$")) {
      assertThatThrownBy(
              () -> UnfrozenParameters.of(List.of(pattern), ParameterMatch.EXACT).match(checkpoint))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("has to be a whole name");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(?P<a>m)(?P=a)",
        "(m)\\1",
        "(m)(?(1)o|x)",
        "(?#m)m",
        "(?x)m",
        "m(?i)odel",
        "\\0",
        "\\N{DOT}"
      })
  void whatOnlyPythonKnowsIsRefused(String pattern) {
    assertThatThrownBy(() -> UnfrozenParameters.of(List.of(pattern)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("not supported");
  }

  @Test
  void everyBadPatternIsNamed() {
    assertThatThrownBy(() -> UnfrozenParameters.of(List.of("(a", "b[1]", "c", "d**")))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(2));
    assertThatThrownBy(() -> UnfrozenParameters.of(List.of())).isInstanceOf(InputException.class);
  }

  @Test
  void headOfATiedModelIsItsEmbeddings() throws IOException {
    Checkpoint tied = Checkpoint.open(Fixture.QWEN2.copyTo(folder));

    UnfrozenParameters.Matches matches =
        UnfrozenParameters.of(SelectionFile.head(TextNames.PLAIN)).match(tied);

    assertThat(matches.patterns().get(0).tensors()).containsExactly("model.embed_tokens.weight");
    assertThat(matches.all()).containsExactly("model.embed_tokens.weight");
  }

  @Test
  void headOfAModelWithoutOneMatchesNothing() throws IOException {
    Checkpoint headless =
        new HandMadeCheckpoint().tensor("model.embed_tokens.weight", 2, 2).writeTo(folder);

    assertThatThrownBy(
            () -> UnfrozenParameters.of(List.of("^lm_head.weight$", "model")).match(headless))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(1))
        .hasMessageContaining("'^lm_head.weight$' matches none");
  }

  @Test
  void writtenSelectionMatchesWhatItTrains() throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.QWEN2.copyTo(folder));
    List<ModuleSnr> snrs =
        Stream.of("self_attn.q_proj", "mlp.down_proj")
            .flatMap(
                type ->
                    Stream.of(0, 1, 2, 3)
                        .map(i -> new ModuleSnr("model.layers." + i + "." + type, type, i)))
            .toList();
    Selection selection = Selection.of(snrs, 50);
    AlwaysTrained always = AlwaysTrained.of(checkpoint, List.of("lm_head", "embed_tokens"));
    Path file = folder.resolve("selection.yaml");

    SelectionFile.write(file, selection, always.patterns(checkpoint));

    assertThat(UnfrozenParameters.of(SelectionFile.read(file)).match(checkpoint).all())
        .containsExactlyInAnyOrderElementsOf(TrainableTensors.of(checkpoint, selection, always));
  }

  @Test
  void rotaryBuffersAreNoParameters() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.self_attn.q_proj.weight", 2, 2)
            .tensor("model.layers.0.self_attn.rotary_emb.inv_freq", 2)
            .writeTo(folder);

    assertThat(UnfrozenParameters.of(List.of("model.layers.0")).match(checkpoint).all())
        .containsExactly("model.layers.0.self_attn.q_proj.weight");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "AXOLOTL | experts.gate_up_proj$ | gate_up_proj[0] gate_up_proj[1] gate_up_proj[2]",
        "AXOLOTL | experts.gate_up_proj$[1:] | gate_up_proj[1] gate_up_proj[2]",
        "AXOLOTL | experts.gate_up_proj[1] | gate_up_proj[1] gate_up_proj_bias[1]",
        "AXOLOTL | experts.gate_up_proj[1] experts.gate_up_proj | gate_up_proj[1]"
            + " gate_up_proj_bias[1]",
        "AXOLOTL | experts.gate_up_proj$[0] experts.gate_up_proj$[2] | gate_up_proj[0]"
            + " gate_up_proj[2]",
        "EXACT | experts.gate_up_proj_bias | gate_up_proj_bias[0] gate_up_proj_bias[1]"
            + " gate_up_proj_bias[2]",
        "EXACT | experts.gate_up_proj[0:2] | gate_up_proj[0] gate_up_proj[1]",
        "REGEX | proj\\[[02]\\]$ | gate_up_proj[0] gate_up_proj[2]",
        "REGEX | gate_up_proj gate_up_proj\\[0\\] | gate_up_proj[0] gate_up_proj[1] gate_up_proj[2]"
            + " gate_up_proj_bias[0] gate_up_proj_bias[1] gate_up_proj_bias[2]",
        "REGEX | gate_up_proj\\[0\\] gate_up_proj$ gate_up_proj\\[2\\] | gate_up_proj[0]"
            + " gate_up_proj[1] gate_up_proj[2]",
        "AXOLOTL | experts.gate_up_proj$[1] experts.gate_up_proj\\[0\\] | gate_up_proj[1]"
            + " gate_up_proj[0]",
        "REGEX | bias | gate_up_proj_bias[0] gate_up_proj_bias[1] gate_up_proj_bias[2]",
      })
  void rowsOfFusedExpertsAreExperts(ParameterMatch match, String patterns, String expected)
      throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("experts.gate_up_proj", 3, 2, 2)
            .tensor("experts.gate_up_proj_bias", 3, 2)
            .writeTo(folder);

    UnfrozenParameters.Matches matches =
        UnfrozenParameters.of(List.of(patterns.split(" ", -1)), match).match(checkpoint);

    assertThat(matches.all())
        .containsExactly(
            Stream.of(expected.split(" ", -1)).map("experts."::concat).toArray(String[]::new));
    assertThat(matches.rows()).isEmpty();
    assertThat(matches.patterns())
        .allSatisfy(
            pattern ->
                assertThat(pattern.parameters())
                    .isEqualTo(
                        pattern.tensors().stream()
                            .mapToLong(name -> checkpoint.find(name).orElseThrow().elements())
                            .sum()));
  }

  /** As of a selection on a mixture of a hundred experts and fifty layers. */
  @Test
  void aSelectionOfThousandsOfModulesIsMatched() throws IOException {
    HandMadeCheckpoint tensors = new HandMadeCheckpoint();
    List<String> modules = new ArrayList<>();
    for (int module = 0; module < 20_000; module++) {
      String name = "model.layers.%d.mlp.experts.%d.up_proj".formatted(module / 400, module % 400);
      tensors.tensor(name + ".weight", 1, 1);
      if (module % 4 == 0) {
        modules.add(name);
      }
    }
    Checkpoint checkpoint = tensors.writeTo(folder);

    assertThat(UnfrozenParameters.of(modules).match(checkpoint).all())
        .containsExactlyElementsOf(modules.stream().map(name -> name + ".weight").toList());
  }

  @Test
  void whatIsBesideTheTextModelMatchesNothing() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("language_model.model.embed_tokens.weight", 2, 2)
            .tensor("language_model.model.layers.0.self_attn.q_proj.weight", 2, 2)
            .tensor("vision_tower.layers.0.self_attn.q_proj.weight", 2, 2)
            .writeTo(folder);

    assertThat(UnfrozenParameters.of(List.of(".+q_proj")).match(checkpoint).all())
        .containsExactly("language_model.model.layers.0.self_attn.q_proj.weight");
    assertThatThrownBy(() -> UnfrozenParameters.of(List.of("vision_tower")).match(checkpoint))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'vision_tower' matches none of the text model's 2 parameters");
  }
}
