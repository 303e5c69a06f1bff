package dev.polyphase.pipelines;

/** What a phase optimises. */
public enum PhaseType {
  /** Continued pre-training: next-token loss on every token of running text. */
  CPT,
  /** Supervised fine-tuning: next-token loss on the tokens that carry a label. */
  SFT,
  /** Direct preference optimisation on pairs, against a reference. */
  DPO,
  /** Kahneman-Tversky optimisation on completions that are wanted or not, against a reference. */
  KTO,
  /** Contrastive preference optimisation on pairs, without a reference. */
  CPO,
  /** Odds ratio preference optimisation on pairs, without a reference. */
  ORPO,
  /** Simple preference optimisation on pairs, without a reference. */
  SIMPO;

  /** Whether a row is text of which some tokens are learned. */
  public boolean readsText() {
    return this == CPT || this == SFT;
  }

  /** Whether a row is a prompt with a preferred completion and another one. */
  public boolean readsPairs() {
    return this == DPO || this == CPO || this == ORPO || this == SIMPO;
  }

  /** Whether a row is a prompt, a completion, and whether that is wanted. */
  public boolean readsJudgedCompletions() {
    return this == KTO;
  }

  /** What several of its rows are called. */
  public String rowsInWords() {
    return readsPairs() ? "pairs" : "rows";
  }
}
