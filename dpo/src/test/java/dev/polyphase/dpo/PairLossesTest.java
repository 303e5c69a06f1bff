package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dpo.FDivergence;
import dev.polyphase.pipelines.Dpo.LossType;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.Simpo;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every loss on three pairs, against the published trainers' formulas, and its slopes. */
class PairLossesTest {
  private static final double[] POLICY = {-10, -25, -7.5, -12, -20, -9};
  private static final double[] REFERENCE = {-11, -24, -8, -11.5, -21, -8.5};
  private static final double[] LENGTHS = {5, 10, 4, 7, 8, 6};
  private static final double TAU = 0.05;

  /** Mean losses at beta 0.1, of the trainers' own formulas in double precision. */
  static Stream<Arguments> goldens() {
    return Stream.of(
        golden("sigmoid", dpo(LossType.SIGMOID, 0), 0.6878308591),
        golden("cDPO", dpo(LossType.SIGMOID, 0.1), 0.6894975257),
        golden("hinge", dpo(LossType.HINGE, 0), 0.9833333333),
        golden("ipo", dpo(LossType.IPO, 0), 24.2066940665),
        golden("exo_pair", dpo(LossType.EXO_PAIR, 0.1), 0.5046249512),
        golden("nca_pair", dpo(LossType.NCA_PAIR, 0), 1.3838458101),
        golden("robust", dpo(LossType.ROBUST, 0.1), 0.6857475257),
        golden("bco_pair", dpo(LossType.BCO_PAIR, 0), 1.3795229748),
        golden("sppo_hard", dpo(LossType.SPPO_HARD, 0), 49.5833333333),
        golden("aot", dpo(LossType.AOT, 0.1), 0.6894975257),
        golden("aot_unpaired", dpo(LossType.AOT_UNPAIRED, 0.1), 0.6870011629),
        golden("apo_zero", dpo(LossType.APO_ZERO, 0), 0.9958289993),
        golden("apo_down", dpo(LossType.APO_DOWN, 0), 0.9999741203),
        golden("discopop", dpo(LossType.DISCOPOP, 0), 0.8429604935),
        golden("sigmoid_norm", dpo(LossType.SIGMOID_NORM, 0), 0.6889710226),
        golden("forward_kl", dpo(FDivergence.FORWARD_KL, 0.5), 0.6970353578),
        golden("js_divergence", dpo(FDivergence.JS_DIVERGENCE, 0.5), 0.6911694902),
        golden("alpha_divergence", dpo(FDivergence.ALPHA_DIVERGENCE, 0.5), 0.6914595422),
        golden("alpha of 1", dpo(FDivergence.ALPHA_DIVERGENCE, 1), 0.6878308591),
        golden("simpo", LossProgram.of(new Simpo(0.1, 0.5, 0, 0, 0)), 0.9878727155),
        golden("cpo", LossProgram.of(new Cpo(0.1, Cpo.LossType.SIGMOID, 0, 0)), 0.7310576338),
        golden("orpo", LossProgram.of(new Orpo(0.1)), 0.0839999232));
  }

  private static Arguments golden(String name, LossProgram program, double loss) {
    return Arguments.of(name, program, loss);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("goldens")
  void meanIsThePublishedTrainers(String name, LossProgram program, double expected) {
    assertThat(Arrays.stream(at(program, POLICY, new double[3]).losses()).average().orElseThrow())
        .isCloseTo(expected, within(1e-9));
  }

  static Stream<Arguments> all() {
    return Stream.concat(
        goldens(),
        Stream.of(
            golden("sft", dpo(LossType.SFT, 0), 0),
            golden("cpo hinge", LossProgram.of(new Cpo(0.1, Cpo.LossType.HINGE, 0, 0.5)), 0),
            golden("cpo ipo", LossProgram.of(new Cpo(0.1, Cpo.LossType.IPO, 0, 0.5)), 0),
            golden("alphapo", LossProgram.of(new Simpo(2, 1, 0.1, 0.5, 0.3)), 0),
            golden("negative alpha", LossProgram.of(new Simpo(2, 1, 0, 0, -0.5)), 0)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void slopesAreTheLosssByDifferences(String name, LossProgram program, double unused) {
    Random random = new Random(11);
    // No two differences are close enough to change places within h, and no hinge is at its corner.
    double[] policy = Arrays.stream(POLICY).map(x -> x + random.nextDouble() - 0.5).toArray();
    double[] nll = {3, 1, 2};
    Values found = at(program, policy, nll);
    double h = 1e-5;
    for (int i = 0; i < policy.length; i++) {
      double[] up = policy.clone();
      double[] down = policy.clone();
      up[i] += h;
      down[i] -= h;
      double slope = (at(program, up, nll).sum() - at(program, down, nll).sum()) / (2 * h);
      assertThat(found.ofLogps()[i]).as("completion %d", i).isCloseTo(slope, within(1e-6));
    }
    for (int i = 0; i < nll.length; i++) {
      double[] up = nll.clone();
      up[i] += h;
      double slope = (at(program, policy, up).sum() - found.sum()) / h;
      assertThat(found.ofNll()[i]).as("likelihood %d", i).isCloseTo(slope, within(1e-6));
    }
  }

  /** Where the policy has not moved, losses do not depend on the model. */
  @ParameterizedTest
  @EnumSource(LossType.class)
  void policyThatIsTheReferenceHasItsClosedForm(LossType type) {
    double beta = 0.1;
    double e = 0.1;
    double m = -Math.log(2);
    double expected =
        switch (type) {
          case SIGMOID, AOT, AOT_UNPAIRED, ROBUST, SIGMOID_NORM -> Math.log(2);
          case HINGE, APO_ZERO, APO_DOWN -> 1;
          case IPO -> 1 / (4 * beta * beta);
          case EXO_PAIR -> 0.5 * (m - Math.log(1 - e)) + 0.5 * (m - Math.log(e));
          case NCA_PAIR, BCO_PAIR -> 2 * Math.log(2);
          case SPPO_HARD -> 0.5 / (beta * beta);
          case DISCOPOP -> 0.5 * Math.log(2) + 0.5;
          case SFT -> 0;
        };
    for (double loss : at(dpo(type, e), REFERENCE, new double[3]).losses()) {
      assertThat(loss).isCloseTo(expected, within(1e-12));
    }
  }

  @Test
  void severalLossesAreAddedUpByTheirWeights() {
    Dpo dpo =
        new Dpo(
            0.1,
            List.of(LossType.SIGMOID, LossType.SFT, LossType.HINGE),
            List.of(0.5, 2.0, 3.0),
            0,
            TAU,
            FDivergence.REVERSE_KL,
            0.5,
            OptionalDouble.empty(),
            false,
            new Reference.Precomputed(),
            Dpo.PrefixSharing.AUTO);
    double[] nll = {3, 1, 2};
    Values both = at(LossProgram.of(dpo), POLICY, nll);
    Values sigmoid = at(dpo(LossType.SIGMOID, 0), POLICY, nll);
    Values hinge = at(dpo(LossType.HINGE, 0), POLICY, nll);
    for (int i = 0; i < 3; i++) {
      assertThat(both.losses()[i])
          .isCloseTo(0.5 * sigmoid.losses()[i] + 2 * nll[i] + 3 * hinge.losses()[i], within(1e-12));
    }
  }

  @Test
  void extremesDoNotOverflow() {
    double[] far = {-1e5, 0, -1e5, 0, -1e5, -1e5};
    LossProgram plain = dpo(LossType.SIGMOID, 0);
    for (double value : at(plain, far, new double[3]).ofLogps()) {
      assertThat(value).isFinite();
    }
    assertThat(at(plain, far, new double[3]).losses()[1]).isCloseTo(0, within(1e-12));
    for (double value : at(LossProgram.of(new Orpo(1)), far, new double[3]).losses()) {
      assertThat(value).isNotNaN();
    }
  }

  private static LossProgram dpo(LossType type, double labelSmoothing) {
    return LossProgram.of(new Dpo(0.1, type, labelSmoothing));
  }

  private static LossProgram dpo(FDivergence divergence, double alpha) {
    return LossProgram.of(
        new Dpo(
            0.1,
            List.of(LossType.SIGMOID),
            List.of(),
            0,
            TAU,
            divergence,
            alpha,
            OptionalDouble.empty(),
            false,
            new Reference.Precomputed(),
            Dpo.PrefixSharing.AUTO));
  }

  /** What was found, as plain numbers. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Values(double[] losses, double[] ofLogps, double[] ofNll) {
    double sum() {
      return Arrays.stream(losses).sum();
    }
  }

  private static Values at(LossProgram program, double[] policy, double[] nll) {
    try (NDManager manager = Libtorch.newManager("cpu");
        PairLosses losses = new PairLosses(manager, program)) {
      Shape shape = new Shape(2, 3);
      NDArray reference = manager.create(REFERENCE, shape);
      PairLosses.Found found =
          losses.at(
              manager.create(policy, shape),
              manager.create(nll),
              program.reference() ? reference : reference.zerosLike(),
              manager.create(LENGTHS, shape),
              reference.onesLike(),
              manager);
      return new Values(
          found.losses().toDoubleArray(),
          found.ofLogps().toDoubleArray(),
          found.ofNll().toDoubleArray());
    }
  }
}
