package dev.polyphase.rescanner;

/**
 * How singular values are computed. The choice is a fixed table, so that a scan is the same on
 * every run; what the table is made from is in the module's README.
 */
enum Decomposition {
  /** {@code svdvals} in float32, the published scanner's own method. */
  SVDVALS,
  /**
   * Square roots of the eigenvalues of the smaller Gram matrix, in float64: half the arithmetic of
   * a matrix, twice the width of its numbers. It pays where one side is clearly the longer one,
   * since the longer side then goes through one matrix product alone.
   */
  GRAM;

  /**
   * The decomposition of a matrix.
   *
   * @param rows the matrix's rows, 1 for a vector
   * @param columns its columns
   * @param device {@code cpu} or {@code cuda:N}; on GPUs nothing was measured yet
   */
  static Decomposition of(long rows, long columns, String device) {
    long shorter = Math.min(rows, columns);
    long longer = Math.max(rows, columns);
    boolean oblong = 4 * longer >= 5 * shorter;
    return device.equals("cpu") && shorter > 1 && oblong ? GRAM : SVDVALS;
  }
}
