package dev.polyphase.kernels;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * A source as libtorch compiled it, for one user at a time. Compiling takes up to half a second, a
 * phase has a dozen sources, and the next one's are mostly the same: the process keeps the last
 * that were given back. They have no values of their own, and name their devices in their text.
 */
final class CompiledSource {
  /** How many are kept for the next user. */
  private static final int KEPT = 32;

  /** Those without a user, the one given back last at the front. */
  private static final Deque<CompiledSource> UNUSED = new ArrayDeque<>();

  private final String source;
  private final NDManager owner;
  private final PtSymbolBlock block;

  private CompiledSource(String source, NDManager owner, PtSymbolBlock block) {
    this.source = source;
    this.owner = owner;
    this.block = block;
  }

  /**
   * What a source was compiled to, now or before; to be {@linkplain #giveBack given back} once.
   *
   * @throws ai.djl.engine.EngineException where libtorch does not take the source
   */
  static CompiledSource of(String source) throws IOException {
    synchronized (UNUSED) {
      for (Iterator<CompiledSource> all = UNUSED.iterator(); all.hasNext(); ) {
        CompiledSource unused = all.next();
        if (unused.source.equals(source)) {
          all.remove();
          return unused;
        }
      }
    }
    NDManager owner = Libtorch.newManager("cpu");
    try (InputStream archive = new ByteArrayInputStream(KernelArchive.of(source))) {
      return new CompiledSource(
          source, owner, JniUtils.loadModule((PtNDManager) owner, archive, false, false));
    } catch (IOException | RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  PtSymbolBlock block() {
    return block;
  }

  void giveBack() {
    synchronized (UNUSED) {
      UNUSED.addFirst(this);
      if (UNUSED.size() > KEPT) {
        UNUSED.removeLast().owner.close();
      }
    }
  }
}
