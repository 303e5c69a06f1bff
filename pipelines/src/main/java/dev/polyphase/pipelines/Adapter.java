package dev.polyphase.pipelines;

/**
 * Small matrices that a phase trains instead of the weights that its targeting chose.
 *
 * @param type which kind
 * @param r the rank: the columns of the one matrix and the rows of the other
 * @param alpha their product counts {@code alpha / r} times
 * @param dropout the share of a module's inputs that its adapter does not see, below 1
 * @param save what is left of them at the end
 */
public record Adapter(
    @Key(means = "`lora`") Type type,
    @Key(means = "the rank", absent = "16", from = 1, to = 65_536, also = "../lora_r") int r,
    @Key(
            means = "the adapter counts alpha / r times",
            absent = "32",
            above = 0,
            to = 1e6,
            also = "../lora_alpha")
        double alpha,
    @Key(
            means = "share of a module's inputs that its adapter does not see",
            absent = "0",
            from = 0,
            below = 1,
            also = "../lora_dropout")
        double dropout,
    @Key(
            means =
                "`merged` into the model, or `peft`: that, and by itself in `adapter/` in PEFT's"
                    + " format",
            absent = "merged")
        Save save) {

  /** The kinds of adapters. */
  public enum Type {
    /** Hu et al. 2021. */
    LORA
  }

  /** What is left of adapters at the end of their phase. */
  public enum Save {
    /** The model with them merged into its weights. */
    MERGED,
    /** That, and the adapters by themselves in PEFT's format. */
    PEFT
  }
}
