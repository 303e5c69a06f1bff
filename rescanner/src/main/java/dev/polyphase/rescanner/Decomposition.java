package dev.polyphase.rescanner;

/**
 * How singular values are computed. The choice is a fixed table, so that a scan is the same on
 * every run; what the table is made from is in the module's README.
 */
enum Decomposition {
  /** {@code svdvals} in float32, the published scanner's own method. */
  SVDVALS,
  /**
   * Square roots of the eigenvalues of the smaller Gram matrix, in float64. The longer side then
   * goes through one matrix product alone, half of which is left out; what remains is square and is
   * reduced to three diagonals, with half the arithmetic of svdvals' two, from numbers of twice the
   * width.
   */
  GRAM;

  /** A Gram matrix and its decomposition take four times a square matrix in float32: 16 MiB. */
  private static final long LARGEST_SQUARE = 1024;

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
    boolean oblong = longer >= 2 * shorter;
    boolean worthIt = shorter > 1 && (oblong || shorter <= LARGEST_SQUARE);
    return device.equals("cpu") && worthIt ? GRAM : SVDVALS;
  }
}
