package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** From a batch's ids to the first block's input, and back. */
final class LowerEnd {
  private final Ends ends;
  private final Uploads uploads;
  private final NDArray computeLike;
  private final int hiddenSize;
  private @Nullable EmbeddingNoise noise;

  LowerEnd(Ends ends, Devices devices, Precision precision, int hiddenSize) {
    int device = devices.ofEmbedding();
    this.ends = ends;
    this.uploads = devices.uploads(device);
    this.computeLike = devices.store(device).like(devices.manager(device), precision);
    this.hiddenSize = hiddenSize;
  }

  /** From now on all that is differentiated has noise on its embeddings; nothing else has. */
  void addNoise(EmbeddingNoise ofTraining) {
    noise = ofTraining;
  }

  /** Whether something is drawn. */
  boolean draws() {
    return noise != null;
  }

  void startStep(long index) {
    if (noise != null) {
      noise.startStep(index);
    }
  }

  /** The seed of the next pass's noise; anything where there is none. */
  long nextSeed() {
    return noise == null ? 0 : noise.nextSeed();
  }

  /** The embeddings, {@code [batch, seq, hidden]}. */
  NDArray forward(Pass pass) {
    TokenBatch batch = pass.batch();
    NDManager scratch = pass.scratch();
    long[] flat = Arrays.stream(batch.ids()).asLongStream().toArray();
    NDArray ids = uploads.of(scratch, flat, batch.batch(), batch.seq());
    pass.keepIds(ids);
    @Nullable Differentiation wanted = pass.differentiation();
    if (wanted == null || noise == null) {
      return ends.embed(ids, computeLike, scratch);
    }
    NDArray bounds = noise.bounds(batch, hiddenSize, uploads, scratch);
    return ends.embedWithNoise(ids, computeLike, bounds, wanted.noiseSeed(), scratch);
  }

  /** Adds the gradient of the embedding, given that of its rows. */
  void backward(Pass pass, NDArray gx) {
    pass.catchUp();
    ends.embedBackward(pass.ids(), gx, pass.wanted().gradients(), pass.scratch());
  }
}
