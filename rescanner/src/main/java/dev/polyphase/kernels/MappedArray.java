package dev.polyphase.kernels;

import ai.djl.pytorch.engine.PtNDArray;

/**
 * An array whose memory is a mapped file's, for reading only. The mapping lasts until the array is
 * closed, by itself or with its manager: libtorch does not know whose the memory is, so that no
 * array that shares it may be used after that.
 */
final class MappedArray extends PtNDArray {
  private final MappedFile.Part memory;

  private MappedArray(PtNDArray array, MappedFile.Part memory) {
    super(array.getManager(), array.getHandle());
    this.memory = memory;
  }

  /**
   * Has an array's memory mapped as long as the result is open.
   *
   * @param array of which nothing but the result may be used again
   * @param memory what the array lies on
   */
  static MappedArray of(PtNDArray array, MappedFile.Part memory) {
    MappedArray mapped = new MappedArray(array, memory);
    // Both stand for one tensor of libtorch, which the new one frees.
    array.detach();
    return mapped;
  }

  @Override
  public void close() {
    super.close();
    memory.close();
  }
}
