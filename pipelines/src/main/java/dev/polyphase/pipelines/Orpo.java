package dev.polyphase.pipelines;

/**
 * The settings of an {@code orpo} phase (Hong et al. 2024).
 *
 * @param beta the weight of the odds ratio beside the negative log-likelihood; the paper's lambda
 */
public record Orpo(
    @Key(
            means = "weight of the odds ratio beside the negative log-likelihood",
            absent = "0.1",
            above = 0,
            to = 1000)
        double beta) {}
