package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.pipelines.Kto;
import java.util.ArrayList;
import java.util.List;

/**
 * A step on judged completions. KTO holds each of them against how far the policy has moved in
 * general, which is estimated once, of all of the step's rows, and has no gradient.
 */
final class JudgedStep implements ObjectiveStep {
  private final List<JudgedMicroBatch> batches;
  private final Kto settings;
  private final JudgedLosses losses;

  JudgedStep(List<JudgedMicroBatch> batches, Kto settings, JudgedLosses losses) {
    this.batches = batches;
    this.settings = settings;
    this.losses = losses;
  }

  @Override
  public List<MicroBatch> microBatches() {
    return List.copyOf(batches);
  }

  @Override
  public void begin(Transformer model, NDManager owner) {
    int desirable = batches.stream().mapToInt(JudgedMicroBatch::desirable).sum();
    int all = batches.stream().mapToInt(JudgedMicroBatch::weight).sum();
    batches.forEach(batch -> batch.place(model, owner, desirable, all - desirable));
    NDArray kl =
        settings.lossType() == Kto.LossType.KTO
            ? moved(model, owner)
            : model.uploadsToHead().of(owner, new double[1]);
    batches.forEach(batch -> batch.take(kl));
  }

  private NDArray moved(Transformer model, NDManager owner) {
    NDList policy = new NDList();
    NDList reference = new NDList();
    List<NDArray> joined = new ArrayList<>();
    for (JudgedMicroBatch batch : batches) {
      JudgedMicroBatch.Mismatched said = batch.mismatched(model, owner);
      policy.add(said.policy());
      reference.add(said.reference());
    }
    for (NDList parts : List.of(policy, reference)) {
      NDArray all = NDArrays.concat(parts);
      all.attach(owner);
      joined.add(all);
    }
    return losses.moved(joined.get(0), joined.get(1), owner);
  }
}
