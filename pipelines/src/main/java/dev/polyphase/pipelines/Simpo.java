package dev.polyphase.pipelines;

/**
 * The settings of a {@code simpo} phase, by TRL's names of its CPO trainer (Meng et al. 2024).
 *
 * @param beta what the difference of mean log-probabilities is multiplied by
 * @param simpoGamma the margin by which the chosen completion is to win, after that multiplication
 * @param labelSmoothing the share of pairs believed to be the wrong way round
 * @param cpoAlpha the weight of the chosen completions' negative log-likelihood
 * @param alpha the shape of the reward, 0 for the log-probability itself; it may be negative
 *     (AlphaPO, Gupta et al. 2025)
 */
public record Simpo(
    @Key(
            means = "what the difference of mean log-probabilities is multiplied by",
            absent = "2",
            above = 0,
            to = 1000)
        double beta,
    @Key(
            means = "the margin by which the chosen completion is to win",
            absent = "1",
            from = 0,
            to = 1000)
        double simpoGamma,
    @Key(
            means = "share of pairs the wrong way round, below 0.5",
            absent = "0",
            from = 0,
            below = 0.5)
        double labelSmoothing,
    @Key(
            means = "weight of the chosen completions' negative log-likelihood",
            absent = "0",
            from = 0,
            to = 1000)
        double cpoAlpha,
    @Key(
            means = "AlphaPO: the shape of the reward; 0 for the log-probability itself",
            absent = "0",
            from = -100,
            to = 100)
        double alpha) {}
