package dev.polyphase.phases.api;

import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.ChatTemplates;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a phase is trained on.
 *
 * @param pipeline the settings that hold for all phases: seed, device, dtype, save dtype
 * @param phase the phase's own settings
 * @param folder the folder that the phase's data paths are relative to: the pipeline file's
 * @param start what it starts from. In {@link PhaseTrainer#prepare} it is what is expected: the
 *     model that the pipeline begins with, and for a selection that only a scan will make as many
 *     tensors of each type as it will have, from the lowest block up
 * @param result the folder to write, in Hugging Face layout; it must not exist
 */
public record PhaseRequest(
    Pipeline pipeline, Phase phase, Path folder, PhaseStart start, Path result) {

  public PhaseRequest {
    if (start.retargeting().isPresent() && phase.trained().adapter().isPresent()) {
      throw new IllegalArgumentException("adapters stay where they are for a whole phase");
    }
  }

  /** The same phase from another start. */
  public PhaseRequest from(PhaseStart other) {
    return new PhaseRequest(pipeline, phase, folder, other, result);
  }

  /**
   * The template that conversations are written with, in place of the one that the model has which
   * the pipeline begins with: what the phase asks for, else the latest phase before it that asks.
   * Empty where none does.
   *
   * @throws InputException where there is no such template
   */
  public Optional<ChatTemplate> chatTemplate() throws IOException {
    Optional<String> asked = chatTemplateAsked();
    return asked.isEmpty()
        ? Optional.empty()
        : ChatTemplates.of(path("chat_template"), asked.get(), folder);
  }

  /**
   * Holds the model's tokenizer to have the tokens that this template writes.
   *
   * @throws InputException naming those that it lacks
   */
  public void requireTokens(Tokenizer tokenizer) {
    chatTemplateAsked()
        .ifPresent(asked -> ChatTemplates.requireTokens(path("chat_template"), asked, tokenizer));
  }

  private Optional<String> chatTemplateAsked() {
    Optional<String> asked = Optional.empty();
    for (Phase one : pipeline.phases()) {
      Optional<String> own = one.rows().chatTemplate();
      if (own.isPresent() && !own.get().equals(ChatTemplates.OF_MODEL)) {
        asked = own;
      }
      if (one.name().equals(phase.name())) {
        return asked;
      }
    }
    return phase.rows().chatTemplate();
  }

  /**
   * The folder, beside the result, of the model as the last good step of a phase that failed left
   * it, in Hugging Face layout. It must not exist before.
   */
  public Path lastGood() {
    return result.resolveSibling("last-good");
  }

  /** The file, beside the result, that names the rows of the step at which a phase failed. */
  public Path failedStep() {
    return result.resolveSibling("failed-step.json");
  }

  /**
   * The folder, beside the result, of what an exact resume of the phase needs: one folder {@code
   * step-000200} for each step at which that was kept.
   */
  public Path checkpoints() {
    return result.resolveSibling("checkpoints");
  }

  /** A key of the phase as messages name it: {@code phases.NAME.KEY}. */
  public String path(String key) {
    return "phases." + phase.name() + "." + key;
  }
}
