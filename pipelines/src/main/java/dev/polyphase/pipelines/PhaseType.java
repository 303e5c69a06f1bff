package dev.polyphase.pipelines;

/** What a phase optimises. */
public enum PhaseType {
  /** Continued pre-training: next-token loss on every token of running text. */
  CPT,
  /** Supervised fine-tuning: next-token loss on the tokens that carry a label. */
  SFT,
  /** Direct preference optimisation on pairs. */
  DPO
}
