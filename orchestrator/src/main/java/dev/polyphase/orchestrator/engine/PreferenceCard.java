package dev.polyphase.orchestrator.engine;

import static dev.polyphase.orchestrator.engine.ModelCardText.decimal;

import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Reference;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a model card says of phases that optimise preferences. */
final class PreferenceCard {
  private static final String DPO =
      """
      @inproceedings{rafailov2023direct,
        title  = {Direct Preference Optimization: Your Language Model is Secretly a Reward Model},
        author = {Rafael Rafailov and Archit Sharma and Eric Mitchell and Stefano Ermon and Christopher D. Manning and Chelsea Finn},
        year   = {2023},
        booktitle = {Advances in Neural Information Processing Systems},
        eprint = {2305.18290},
        archivePrefix = {arXiv}
      }
      """;

  private static final String KTO =
      """
      @article{ethayarajh2024kto,
        title  = {KTO: Model Alignment as Prospect Theoretic Optimization},
        author = {Kawin Ethayarajh and Winnie Xu and Niklas Muennighoff and Dan Jurafsky and Douwe Kiela},
        year   = {2024},
        eprint = {2402.01306},
        archivePrefix = {arXiv}
      }
      """;

  private static final String CPO =
      """
      @article{xu2024contrastive,
        title  = {Contrastive Preference Optimization: Pushing the Boundaries of LLM Performance in Machine Translation},
        author = {Haoran Xu and Amr Sharaf and Yunmo Chen and Weiting Tan and Lingfeng Shen and Benjamin Van Durme and Kenton Murray and Young Jin Kim},
        year   = {2024},
        eprint = {2401.08417},
        archivePrefix = {arXiv}
      }
      """;

  private static final String ORPO =
      """
      @article{hong2024orpo,
        title  = {ORPO: Monolithic Preference Optimization without Reference Model},
        author = {Jiwoo Hong and Noah Lee and James Thorne},
        year   = {2024},
        eprint = {2403.07691},
        archivePrefix = {arXiv}
      }
      """;

  private static final String SIMPO =
      """
      @article{meng2024simpo,
        title  = {SimPO: Simple Preference Optimization with a Reference-Free Reward},
        author = {Yu Meng and Mengzhou Xia and Danqi Chen},
        year   = {2024},
        eprint = {2405.14734},
        archivePrefix = {arXiv}
      }
      """;

  private PreferenceCard() {}

  /** The loss of a phase and what shapes it; empty for one that reads text. */
  static String loss(Phase phase) {
    return switch (phase.type()) {
      case CPT, SFT -> "";
      case DPO -> dpo(phase.dpo());
      case KTO ->
          "%s, beta %s, weights %s and %s%s"
              .formatted(
                  word(phase.kto().lossType()),
                  decimal(phase.kto().beta()),
                  decimal(phase.kto().desirableWeight()),
                  decimal(phase.kto().undesirableWeight()),
                  reference(phase.kto().reference()));
      case CPO ->
          "%s, beta %s%s, likelihood %s"
              .formatted(
                  word(phase.cpo().lossType()),
                  decimal(phase.cpo().beta()),
                  unlessZero("label smoothing", phase.cpo().labelSmoothing()),
                  decimal(phase.cpo().cpoAlpha()));
      case ORPO -> "odds ratio, beta " + decimal(phase.orpo().beta());
      case SIMPO ->
          "beta %s, gamma %s%s%s%s"
              .formatted(
                  decimal(phase.simpo().beta()),
                  decimal(phase.simpo().simpoGamma()),
                  unlessZero("label smoothing", phase.simpo().labelSmoothing()),
                  unlessZero("likelihood", phase.simpo().cpoAlpha()),
                  unlessZero("alpha", phase.simpo().alpha()));
    };
  }

  private static String dpo(Dpo dpo) {
    String losses =
        dpo.losses().stream()
            .map(
                loss ->
                    (loss.weight() == 1 ? "" : decimal(loss.weight()) + " ") + word(loss.type()))
            .collect(Collectors.joining(" + "));
    String divergence =
        dpo.fDivergenceType() == Dpo.FDivergence.REVERSE_KL
            ? ""
            : ", " + word(dpo.fDivergenceType());
    return losses
        + ", beta "
        + decimal(dpo.beta())
        + unlessZero("label smoothing", dpo.labelSmoothing())
        + divergence
        + (dpo.ldAlpha().isPresent() ? ", LD alpha " + decimal(dpo.ldAlpha().getAsDouble()) : "")
        + (dpo.useWeighting() ? ", weighted (WPO)" : "")
        + reference(dpo.reference());
  }

  private static String reference(Reference reference) {
    return reference instanceof Reference.Checkpoint other
        ? ", reference " + Markdown.escape(other.path())
        : "";
  }

  private static String unlessZero(String name, double value) {
    return value == 0 ? "" : ", " + name + " " + decimal(value);
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** The paper behind a type of phase, in a sentence and BibTeX; empty for one that reads text. */
  static String citation(PhaseType type) {
    String paper =
        switch (type) {
          case CPT, SFT -> "";
          case DPO -> DPO;
          case KTO -> KTO;
          case CPO -> CPO;
          case ORPO -> ORPO;
          case SIMPO -> SIMPO;
        };
    return paper.isEmpty()
        ? ""
        : "\nPreferences were optimised by %s:\n\n```bibtex\n%s```\n"
            .formatted(type == PhaseType.SIMPO ? "SimPO" : type.name(), paper);
  }
}
