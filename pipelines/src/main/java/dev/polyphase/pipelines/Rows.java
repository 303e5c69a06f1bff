package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * What becomes of a phase's rows before they are trained on.
 *
 * @param chatTemplate the template that conversations are written with: a name, or a file; empty
 *     for the model's own
 * @param mixBy what the weights of datasets mean
 * @param deduplicate whether a row that is there already is left out
 * @param excessLength what becomes of a row longer than {@code sequence_len}; empty for what is
 *     usual: in cpt it is split, else cut at its end
 * @param maxBadRatio the share of rows that may be wrong; more are refused
 * @param strict whether a single wrong row is refused
 */
public record Rows(
    @Key(
            means =
                "the template that conversations are written with, and that the model is saved"
                    + " with: `chatml`, `llama3`, `mistral`, `gemma3`, `phi`, `qwen3`, `deepseek`,"
                    + " `zephyr`, `alpaca`, `vicuna` or another name, a `.jinja` file, or"
                    + " `tokenizer_default` for the model's own",
            wanted = "a template's name or file")
        Optional<String> chatTemplate,
    @Key(
            means =
                "what `weight` means: `passes` how often a row is seen in one epoch; `rows` and"
                    + " `tokens` a dataset's share of an epoch",
            absent = "passes")
        MixBy mixBy,
    @Key(
            means = "whether rows that are there already are left out",
            absent = "false",
            also = "dataset_exact_deduplication")
        boolean deduplicate,
    @Key(
            name = "excess_length_strategy",
            means =
                "what becomes of rows longer than sequence_len: `truncate` their end (TRL's"
                    + " `keep_start`), `truncate_start` (`keep_end`), `drop`, `split`; in cpt they"
                    + " are split otherwise, else their end is cut",
            also = "truncation_mode")
        Optional<ExcessLength> excessLength,
    @Key(
            means = "the share of rows that may be wrong; they are left out and listed",
            absent = "0.01",
            from = 0,
            to = 1)
        double maxBadRatio,
    @Key(means = "whether a single wrong row is refused", absent = "false") boolean strict) {

  /** What a dataset's weight is. */
  public enum MixBy {
    PASSES,
    ROWS,
    TOKENS
  }

  /** What becomes of a row that is too long. */
  public enum ExcessLength {
    @Word({"truncate", "keep_start"})
    TRUNCATE,
    @Word({"truncate_start", "keep_end"})
    TRUNCATE_START,
    DROP,
    SPLIT
  }

  /** What is usual. */
  public static final Rows AS_USUAL =
      new Rows(Optional.empty(), MixBy.PASSES, false, Optional.empty(), 0.01, false);
}
