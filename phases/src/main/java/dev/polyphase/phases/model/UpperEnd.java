package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Uploads;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * From the last block's output through final norm and head to the loss, and back. Where the head is
 * frozen the logits are computed once; where it is trained and its gradient needs the loss's, they
 * are computed again.
 */
final class UpperEnd {
  private final Ends ends;
  private final Uploads toBlocks;
  private final Uploads toHead;

  /**
   * The end of a model.
   *
   * @param toBlocks to the device of the last block's output
   * @param toHead to the head's device
   */
  UpperEnd(Ends ends, Uploads toBlocks, Uploads toHead) {
    this.ends = ends;
    this.toBlocks = toBlocks;
    this.toHead = toHead;
  }

  /**
   * The rows that carry loss.
   *
   * @param last the output of the last block, {@code [batch, seq, hidden]}
   * @param positions flat positions {@code [n]} whose next token is a target, on the device of
   *     {@code last}
   * @param targets the target ids {@code [n]}
   * @param normed the normed rows at these positions, {@code [n, hidden]}
   * @param gradient of {@code normed}; null where nothing below the head is trained, or is not
   *     known
   */
  record Rows(
      NDArray last,
      NDArray positions,
      NDArray targets,
      NDArray normed,
      @Nullable NDArray gradient) {
    private Rows with(@Nullable NDArray ofNormed) {
      return new Rows(last, positions, targets, normed, ofNormed);
    }
  }

  /** The logits of every position, {@code [batch * seq, vocabulary]}. */
  NDArray logits(Pass pass) {
    NDManager scratch = pass.scratch();
    long[] all = new long[pass.batch().batch() * pass.batch().seq()];
    Arrays.setAll(all, i -> i);
    NDArray positions = toBlocks.of(scratch, all, all.length);
    return ends.logits(ends.pick(pass.stream(), positions, scratch), scratch);
  }

  /** What the head says of each target. */
  TargetFigures figures(Pass pass, HeadFigures wanted) {
    Rows rows = rows(pass);
    return ends.logProbs(rows.normed(), rows.targets(), wanted, DropoutSeeds.NONE, pass.scratch())
        .figures();
  }

  /** To the loss, and back to the normed rows. */
  void forward(Pass pass) {
    Rows rows = rows(pass);
    PassLoss loss = pass.wanted().loss();
    @Nullable NDArray gradient =
        loss instanceof PassLoss.Linear linear
            ? differentiate(pass, rows, linear)
            : differentiate(pass, rows, (PassLoss.Computed) loss);
    pass.keepRows(rows.with(gradient));
  }

  /** The gradient of the last block's output; null where it is not wanted. */
  @Nullable NDArray backward(Pass pass) {
    Differentiation wanted = pass.wanted();
    Rows rows = pass.rows();
    @Nullable NDArray gh = rows.gradient();
    if (gh == null) {
      return null;
    }
    NDArray gx =
        ends.pickBackward(
            rows.last(),
            rows.positions(),
            gh,
            wanted.depth().belowNorm(),
            wanted.gradients(),
            pass.scratch());
    gh.close();
    if (!wanted.putsHeadOff()) {
      rows.normed().close();
    }
    return gx;
  }

  private Rows rows(Pass pass) {
    NDManager scratch = pass.scratch();
    NDArray last = pass.stream();
    NDArray positions = longs(toBlocks, pass.batch().targetPositions(), scratch);
    NDArray targets = longs(toHead, pass.batch().targets(), scratch);
    if (pass.routing() != null) {
      pass.routing().finish(targets);
    }
    NDArray normed = ends.pick(last, positions, scratch);
    return new Rows(last, positions, targets, normed, null);
  }

  private @Nullable NDArray differentiate(Pass pass, Rows rows, PassLoss.Linear loss) {
    Differentiation wanted = pass.wanted();
    boolean below = wanted.depth().belowHead();
    NDList found = bothWays(pass, rows, loss, new Ends.Wanted(below, ofHead(wanted)));
    loss.logProbs().accept(found.get(0));
    if (wanted.putsHeadOff()) {
      pass.putOff(() -> bothWays(pass, rows, loss, Ends.Wanted.OF_HEAD).close());
    }
    return below ? found.get(1) : null;
  }

  private NDList bothWays(Pass pass, Rows rows, PassLoss.Linear loss, Ends.Wanted gradients) {
    Differentiation wanted = pass.wanted();
    return ends.logProbsBothWays(
        rows.normed(),
        rows.targets(),
        loss.slope(),
        wanted.dropoutSeed(),
        gradients,
        wanted.gradients(),
        pass.scratch());
  }

  private @Nullable NDArray differentiate(Pass pass, Rows rows, PassLoss.Computed loss) {
    Differentiation wanted = pass.wanted();
    NDManager scratch = pass.scratch();
    boolean below = wanted.depth().belowHead();
    if (below && !ends.trainsHead()) {
      Ends.UnitGradient unit =
          ends.logProbsAndUnit(rows.normed(), rows.targets(), loss.wanted(), scratch);
      return ends.scaled(unit.ofInput(), loss.gradientOf().apply(unit.figures()), scratch);
    }
    Ends.Said said =
        ends.logProbs(rows.normed(), rows.targets(), loss.wanted(), wanted.dropoutSeed(), scratch);
    NDArray gradient = loss.gradientOf().apply(said.figures());
    if (wanted.putsHeadOff()) {
      pass.putOff(() -> back(pass, rows, said, gradient, Ends.Wanted.OF_HEAD));
    }
    return back(pass, rows, said, gradient, new Ends.Wanted(below, ofHead(wanted)));
  }

  private @Nullable NDArray back(
      Pass pass, Rows rows, Ends.Said said, NDArray gradient, Ends.Wanted gradients) {
    Differentiation wanted = pass.wanted();
    return ends.logProbsBackward(
        rows.normed(),
        rows.targets(),
        said.norms(),
        gradient,
        wanted.dropoutSeed(),
        gradients,
        wanted.gradients(),
        pass.scratch());
  }

  private boolean ofHead(Differentiation wanted) {
    return ends.trainsHead() && !wanted.putsHeadOff();
  }

  private static NDArray longs(Uploads uploads, int[] values, NDManager scratch) {
    long[] wide = Arrays.stream(values).asLongStream().toArray();
    return uploads.of(scratch, wide, wide.length);
  }
}
