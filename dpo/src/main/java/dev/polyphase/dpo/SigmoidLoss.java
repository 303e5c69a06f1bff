package dev.polyphase.dpo;

/**
 * The loss of DPO (Rafailov et al. 2023, eq. 7), with label smoothing cDPO (Mitchell 2023): {@code
 * -(1-e) log s(b d) - e log s(-b d)}, where d is how much more the policy than the reference
 * prefers the chosen completion.
 *
 * @param beta b, the strength of the pull to the reference
 * @param labelSmoothing e, the share of pairs believed to be the wrong way round
 */
record SigmoidLoss(double beta, double labelSmoothing) {

  /** The loss at a preference d. */
  double at(double preference) {
    double x = beta * preference;
    return (1 - labelSmoothing) * softplus(-x) + labelSmoothing * softplus(x);
  }

  /** The loss's derivative with respect to d. */
  double slope(double preference) {
    double x = beta * preference;
    return beta * (labelSmoothing - sigmoid(-x));
  }

  /** {@code log(1 + exp(x))}, without overflow. */
  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  private static double sigmoid(double x) {
    double small = Math.exp(-Math.abs(x));
    return (x >= 0 ? 1 : small) / (1 + small);
  }
}
