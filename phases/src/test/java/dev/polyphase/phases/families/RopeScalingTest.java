package dev.polyphase.phases.families;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What configurations make of positions, in both spellings, against transformers 5.24: the {@code
 * inv_freq} and {@code attention_scaling} of a model's rotary embedding after it was asked for so
 * many positions, of heads of 16 values.
 */
class RopeScalingTest {
  private static final RopeKeys HEADS_OF_16 = RopeKeys.of(16);

  /** transformers computes them in float32. */
  private static final double RELATIVE_ERROR = 1e-6;

  private final List<Problem> problems = new ArrayList<>();

  static List<Case> cases() {
    return List.of(
        new Case(
            "linear",
            """
            {"rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 500000.0},
             "max_position_embeddings": 512}
            """,
            8,
            1,
            0.3333333,
            0.06464092,
            0.01253534,
            0.002430888,
            0.0004714045,
            9.141606e-05,
            1.772765e-05,
            3.437795e-06),
        new Case(
            "linear, older",
            """
            {"rope_scaling": {"type": "linear", "factor": 2}, "rope_theta": 10000.0,
             "max_position_embeddings": 512}
            """,
            8,
            1,
            0.5,
            0.1581139,
            0.05,
            0.01581139,
            0.005,
            0.001581139,
            0.0005,
            0.0001581139),
        new Case(
            "dynamic, all of its context",
            """
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
             "max_position_embeddings": 16}
            """,
            16,
            1,
            1,
            0.3162278,
            0.1,
            0.03162278,
            0.01,
            0.003162278,
            0.001,
            0.0003162278),
        new Case(
            "dynamic, one token more",
            """
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
             "max_position_embeddings": 16}
            """,
            17,
            1,
            1,
            0.3109514,
            0.09669077,
            0.03006613,
            0.009349104,
            0.002907117,
            0.0009039721,
            0.0002810913),
        new Case(
            "dynamic, many more",
            """
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0},
             "max_position_embeddings": 16}
            """,
            40,
            1,
            1,
            0.2594128,
            0.06729501,
            0.01745719,
            0.004528618,
            0.001174782,
            0.0003047534,
            7.905695e-05),
        new Case(
            "dynamic, older",
            """
            {"rope_scaling": {"type": "dynamic", "factor": 4.0}, "rope_theta": 1000000.0,
             "max_position_embeddings": 32}
            """,
            64,
            1,
            1,
            0.1413016,
            0.01996615,
            0.002821249,
            0.000398647,
            5.632947e-05,
            7.959447e-06,
            1.124683e-06),
        new Case(
            "yarn",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0,
              "original_max_position_embeddings": 16}, "max_position_embeddings": 512}
            """,
            8,
            1.138629436111989,
            1,
            0.07905694,
            0.025,
            0.007905695,
            0.0025,
            0.0007905695,
            0.00025,
            7.905695e-05),
        new Case(
            "yarn, older, as Qwen's documentation has it",
            """
            {"rope_scaling": {"type": "yarn", "factor": 4.0,
              "original_max_position_embeddings": 32768}, "rope_theta": 1000000.0,
             "max_position_embeddings": 131072}
            """,
            8,
            1.138629436111989,
            1,
            0.1778279,
            0.03162278,
            0.00421756,
            0.0005,
            4.445699e-05,
            7.905694e-06,
            1.405853e-06),
        new Case(
            "yarn of gpt-oss, not truncated",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 150000, "factor": 32.0,
              "beta_fast": 32.0, "beta_slow": 1.0, "truncate": false,
              "original_max_position_embeddings": 4096}, "max_position_embeddings": 131072}
            """,
            8,
            1.3465735902799727,
            1,
            0.225418,
            0.05081327,
            0.006794959,
            0.0004564839,
            1.818834e-05,
            4.099978e-06,
            9.24209e-07),
        new Case(
            "yarn with mscale",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0,
              "beta_fast": 8, "beta_slow": 2, "mscale": 0.707, "mscale_all_dim": 1.3,
              "original_max_position_embeddings": 4096}, "max_position_embeddings": 163840}
            """,
            8,
            0.8521510516131852,
            1,
            0.3162278,
            0.1,
            0.03162278,
            0.006749999,
            0.001106797,
            2.5e-05,
            7.905694e-06),
        new Case(
            "yarn with its factor of scores, and without an original context",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0,
              "mscale": 0.5, "attention_factor": 1.25}, "max_position_embeddings": 1024}
            """,
            8,
            1.25,
            1,
            0.3162278,
            0.078125,
            0.01778781,
            0.0034375,
            0.0003952847,
            0.000125,
            3.952847e-05),
        new Case(
            "yarn whose factor follows, zeros counting as absent",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": null,
              "mscale": 0.5, "mscale_all_dim": 0, "beta_fast": 0,
              "original_max_position_embeddings": 2048}, "max_position_embeddings": 8192}
            """,
            8,
            1.138629436111989,
            1,
            0.3162278,
            0.1,
            0.02569351,
            0.00625,
            0.001383497,
            0.00025,
            7.905695e-05),
        new Case(
            "yarn with the original context beside it",
            """
            {"rope_scaling": {"rope_type": "yarn", "factor": 16.0, "finetuned": true},
             "rope_theta": 10000.0, "max_position_embeddings": 65536,
             "original_max_position_embeddings": 4096}
            """,
            8,
            1.2772588722239782,
            1,
            0.3162278,
            0.1,
            0.02421119,
            0.0053125,
            0.0009388012,
            6.25e-05,
            1.976424e-05),
        new Case(
            "yarn of a context in which nothing turns",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 2.0,
              "original_max_position_embeddings": 6}, "max_position_embeddings": 12}
            """,
            8,
            1.0693147180559945,
            1,
            0.08891397,
            0.01581139,
            0.002811707,
            0.0005,
            8.891397e-05,
            1.581139e-05,
            2.811707e-06),
        new Case(
            "llama3, older",
            """
            {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 8192},
             "rope_theta": 500000.0, "max_position_embeddings": 131072}
            """,
            8,
            1,
            1,
            0.1939228,
            0.03760603,
            0.007292665,
            0.000524846,
            3.428102e-05,
            6.64787e-06,
            1.289173e-06),
        new Case(
            "longrope, all of its original context",
            """
            {"rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0,
              "short_factor": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
              "long_factor": [1, 2, 3, 4, 5, 6, 7, 8], "factor": 8.0,
              "original_max_position_embeddings": 24}, "max_position_embeddings": 512}
            """,
            24,
            1.2862009469583648,
            1,
            0.2874798,
            0.08333334,
            0.02432521,
            0.007142857,
            0.002108185,
            0.000625,
            0.0001860163),
        new Case(
            "longrope, one token more",
            """
            {"rope_parameters": {"rope_type": "longrope", "rope_theta": 10000.0,
              "short_factor": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
              "long_factor": [1, 2, 3, 4, 5, 6, 7, 8], "factor": 8.0,
              "original_max_position_embeddings": 24}, "max_position_embeddings": 512}
            """,
            25,
            1.2862009469583648,
            1,
            0.1581139,
            0.03333334,
            0.007905695,
            0.002,
            0.0005270463,
            0.0001428571,
            3.952847e-05));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void mostFamilies(Case of) throws IOException {
    of.assertMetBy(read(HEADS_OF_16, of.config()));
  }

  static List<Case> casesOfPhi3() {
    return List.of(
        new Case(
            "Phi-4-mini's older spelling, of three quarters of a head",
            """
            {"rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
              "long_factor": [1.0, 1.4, 1.8, 2.2, 2.6, 3.0]}, "rope_theta": 10000.0,
             "partial_rotary_factor": 0.75, "max_position_embeddings": 128,
             "original_max_position_embeddings": 32}
            """,
            33,
            1.1832159566199232,
            1,
            0.1538882,
            0.0257866,
            0.004545454,
            0.0008286287,
            0.0001547197),
        new Case(
            "the same within its original context",
            """
            {"rope_scaling": {"type": "su", "short_factor": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
              "long_factor": [1.0, 1.4, 1.8, 2.2, 2.6, 3.0]}, "rope_theta": 10000.0,
             "partial_rotary_factor": 0.75, "max_position_embeddings": 128,
             "original_max_position_embeddings": 32}
            """,
            32,
            1.1832159566199232,
            1,
            0.2154434,
            0.04641588,
            0.01,
            0.002154434,
            0.0004641589),
        new Case(
            "an original context that is not said, and a factor of scores that is",
            """
            {"rope_parameters": {"rope_type": "longrope", "attention_factor": 1.5,
              "rope_theta": 250000.0, "short_factor": [1.0, 2.0], "long_factor": [3.0, 4.0],
              "partial_rotary_factor": 0.25}, "max_position_embeddings": 128}
            """,
            4096,
            1.5,
            1,
            0.001),
        new Case(
            "what was called yarn",
            """
            {"rope_scaling": {"type": "yarn",
              "short_factor": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
              "long_factor": [1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.4, 3.8]}, "rope_theta": 10000.0,
             "max_position_embeddings": 128, "original_max_position_embeddings": 32}
            """,
            33,
            1.1832159566199232,
            1,
            0.225877,
            0.05555556,
            0.01437399,
            0.003846154,
            0.001054093,
            0.0002941176,
            8.321784e-05),
        new Case(
            "seven values, which take an eighth with them",
            """
            {"rope_theta": 10000.0, "partial_rotary_factor": 0.45, "max_position_embeddings": 128,
             "rope_scaling": null}
            """,
            8,
            1,
            1,
            0.07196856,
            0.005179473,
            0.0003727593));
  }

  @ParameterizedTest
  @MethodSource("casesOfPhi3")
  void phi3(Case of) throws IOException {
    of.assertMetBy(read(HEADS_OF_16.asPhi3(), of.config()));
  }

  /** {@code get_llama_4_attn_scale} at the positions named. */
  @Test
  void ministral3ScalesQueries() throws IOException {
    Case of =
        new Case(
            "Ministral 3",
            """
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 16.0,
              "original_max_position_embeddings": 16384, "max_position_embeddings": 262144,
              "beta_fast": 32.0, "beta_slow": 1.0, "mscale_all_dim": 1.0, "mscale": 1.0,
              "llama_4_scaling_beta": 0.1}, "max_position_embeddings": 262144}
            """,
            8,
            1,
            1,
            0.1778279,
            0.03162278,
            0.003866096,
            0.000375,
            1.111425e-05,
            1.976423e-06,
            3.514633e-07);
    Rope.Rotary rope = read(HEADS_OF_16.withScaledQueries(), of.config());
    of.assertMetBy(rope);
    Rope.QueryScale scale = rope.queries().orElseThrow();
    assertThat(scale.at(0)).isEqualTo(1);
    assertThat(scale.at(16383)).isEqualTo(1);
    assertThat(scale.at(16384)).isCloseTo(1.0693147180559945, within(1e-15));
    assertThat(scale.at(49152)).isCloseTo(1.138629436111989, within(1e-15));
  }

  @Test
  void gemma3HasARopeForEachTypeOfLayer() throws IOException {
    String older =
        """
        {"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
         "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "max_position_embeddings": 131072}
        """;
    String newer =
        """
        {"rope_parameters": {
          "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
          "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}},
         "max_position_embeddings": 131072}
        """;
    Map<String, Rope> ropes = gemma3(older);
    assertThat(ropes).isEqualTo(gemma3(newer)).containsOnlyKeys(RopeKeys.FULL, RopeKeys.SLIDING);
    new Case(
            "full",
            "",
            8,
            1,
            0.125,
            0.02222849,
            0.003952847,
            0.0007029267,
            0.000125,
            2.222849e-05,
            3.952847e-06,
            7.029267e-07)
        .assertMetBy((Rope.Rotary) ropes.get(RopeKeys.FULL));
    new Case(
            "sliding",
            "",
            8,
            1,
            1,
            0.3162278,
            0.1,
            0.03162278,
            0.01,
            0.003162278,
            0.001,
            0.0003162278)
        .assertMetBy((Rope.Rotary) ropes.get(RopeKeys.SLIDING));

    String defaults = "{\"rope_parameters\": null, \"max_position_embeddings\": 512}";
    assertThat(theta(gemma3(defaults), RopeKeys.FULL)).isEqualTo(1e6);
    assertThat(theta(gemma3(defaults), RopeKeys.SLIDING)).isEqualTo(1e4);
    String partly =
        """
        {"rope_parameters": {"full_attention": null, "sliding_attention": {"rope_theta": 20000.0}}}
        """;
    assertThat(theta(gemma3(partly), RopeKeys.FULL)).isEqualTo(1e6);
    assertThat(theta(gemma3(partly), RopeKeys.SLIDING)).isEqualTo(2e4);
  }

  @Test
  void whatIsWrongOfOneTypeOfLayerIsNamed() throws IOException {
    assertThat(
            problemsOfGemma3(
                """
                {"rope_parameters": {"rope_type": "linear", "factor": 8.0,
                  "full_attention": {"rope_type": "yarn", "factor": 8.0, "truncate": false,
                    "original_max_position_embeddings": 64},
                  "sliding_attention": {"rope_type": "default", "factor": 2.0}}}
                """))
        .containsExactly(
            "c: rope_parameters.full_attention.truncate is false, which transformers does not heed"
                + " of a type of layer; remove it",
            "c: rope_parameters.sliding_attention.factor is not known, so that its effect would be"
                + " missing: 2.0",
            "c: rope_parameters.factor is not known, so that its effect would be missing: 8.0",
            "c: rope_parameters.rope_type is not known, so that its effect would be missing:"
                + " \"linear\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}} | rope_scaling.rope_type is"
            + " 'linear', and default and longrope are implemented",
        "{\"partial_rotary_factor\": 1.5} | partial_rotary_factor must leave from 1 to all 16"
            + " values of a head to be turned, found 1.5",
        "{\"partial_rotary_factor\": 0.01} | partial_rotary_factor must leave from 1 to all 16"
            + " values of a head to be turned, found 0.01",
        "{\"rope_parameters\": {\"partial_rotary_factor\": \"all\"}} |"
            + " rope_parameters.partial_rotary_factor must be a number above 0, found \"all\"",
      })
  void whatIsWrongOfPhi3IsNamed(String config, String sentence) throws IOException {
    HEADS_OF_16.asPhi3().read(keys(config));
    assertThat(problems).singleElement().asString().isEqualTo("c: " + sentence);
  }

  /** transformers fails without it. */
  @Test
  void ministral3NeedsTheScaleOfItsQueries() throws IOException {
    String config =
        "{\"rope_parameters\": {\"rope_type\": \"default\"}, \"max_position_embeddings\": 9}";
    HEADS_OF_16.withScaledQueries().read(keys(config));
    assertThat(problems)
        .singleElement()
        .asString()
        .isEqualTo(
            "c: rope_parameters.llama_4_scaling_beta must be a number above 0, found nothing");
  }

  private Map<String, Rope> gemma3(String config) throws IOException {
    Map<String, Rope> ropes =
        HEADS_OF_16.withTheta(1e6).readByLayerType(keys(config), "rope_local_base_freq", 1e4);
    assertThat(problems).isEmpty();
    return ropes;
  }

  private List<String> problemsOfGemma3(String config) throws IOException {
    HEADS_OF_16.withTheta(1e6).readByLayerType(keys(config), "rope_local_base_freq", 1e4);
    return problems.stream().map(Object::toString).toList();
  }

  private static double theta(Map<String, Rope> ropes, String type) {
    return ((Rope.Rotary) ropes.get(type)).theta();
  }

  private Rope.Rotary read(RopeKeys family, String config) throws IOException {
    ConfigKeys keys = keys(config);
    Rope rope = family.read(keys);
    keys.harmless(Set.of("max_position_embeddings"));
    keys.refuseOthers();
    assertThat(problems).isEmpty();
    return (Rope.Rotary) rope;
  }

  private ConfigKeys keys(String config) throws IOException {
    return new ConfigKeys(new ObjectMapper().readTree(config), "", Place.in("c"), problems);
  }

  /**
   * What transformers has of a configuration.
   *
   * @param tokens how many positions it was asked for
   * @param attentionFactor {@code attention_scaling}
   * @param frequencies {@code inv_freq}
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Case(
      String name, String config, int tokens, double attentionFactor, double... frequencies) {
    void assertMetBy(Rope.Rotary rope) {
      double[] found = rope.frequencies(tokens);
      assertThat(found).hasSize(frequencies.length);
      for (int pair = 0; pair < found.length; pair++) {
        assertThat(found[pair])
            .as("pair %d of %s", pair, Arrays.toString(found))
            .isCloseTo(frequencies[pair], within(RELATIVE_ERROR * frequencies[pair]));
      }
      assertThat(rope.scaling().attentionFactor()).isCloseTo(attentionFactor, within(1e-12));
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
