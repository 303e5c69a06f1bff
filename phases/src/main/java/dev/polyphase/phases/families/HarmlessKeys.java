package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keys of {@code config.json} that change nothing of what a model computes in training. The lists
 * are those of {@code PretrainedConfig} and {@code GenerationConfig} in transformers 4 and 5, and
 * of what tools write beside them.
 */
final class HarmlessKeys {
  private static final Set<String> BOOKKEEPING =
      Set.of(
          "_commit_hash",
          "_from_model_config",
          "_name_or_path",
          "architectures",
          "auto_map",
          "dtype",
          "initializer_range",
          "is_llama_config",
          "model_type",
          "name_or_path",
          "tokenizer_class",
          "torch_dtype",
          "torchscript",
          "transformers.js_config",
          "transformers_version",
          "unsloth_fixed",
          "unsloth_version",
          "use_bfloat16",
          "xla_device");

  /** How the same is computed, or what is given back of it. */
  private static final Set<String> COMPUTE =
      Set.of(
          "attn_implementation",
          "chunk_size_feed_forward",
          "experts_implementation",
          "gradient_checkpointing",
          "output_attentions",
          "output_hidden_states",
          "output_past",
          "pretraining_tp",
          "return_dict",
          "tf_legacy_loss",
          "tie_last_hidden_states",
          "use_cache",
          "use_flash_attention",
          "use_flash_attention_2",
          "use_flash_attn",
          "use_return_dict");

  /** Of models for other tasks; of lengths that no weight depends on. */
  private static final Set<String> TASKS =
      Set.of(
          "classifier_dropout",
          "cross_attention_hidden_size",
          "finetuning_task",
          "id2label",
          "is_decoder",
          "is_encoder_decoder",
          "label2id",
          "max_position_embeddings",
          "max_seq_len",
          "max_seq_length",
          "max_sequence_length",
          "model_max_length",
          "num_labels",
          "prefix",
          "problem_type",
          "seq_length",
          "task_specific_params");

  private static final Set<String> TOKENS =
      Set.of(
          "bos_token_id",
          "cls_token_id",
          "decoder_start_token_id",
          "eos_token_id",
          "forced_bos_token_id",
          "forced_eos_token_id",
          "mask_token_id",
          "pad_token_id",
          "sep_token_id",
          "unk_token_id");

  private static final Set<String> GENERATION =
      Set.of(
          "assistant_confidence_threshold",
          "assistant_early_exit",
          "assistant_ensemble_weight",
          "assistant_lookbehind",
          "bad_words_ids",
          "begin_suppress_tokens",
          "cache_config",
          "cache_implementation",
          "compile_config",
          "constraints",
          "continuous_batching_config",
          "disable_compile",
          "diversity_penalty",
          "do_sample",
          "dola_layers",
          "early_stopping",
          "encoder_no_repeat_ngram_size",
          "encoder_repetition_penalty",
          "epsilon_cutoff",
          "eta_cutoff",
          "exponential_decay_length_penalty",
          "force_words_ids",
          "forced_decoder_ids",
          "generation_kwargs",
          "guidance_scale",
          "is_assistant",
          "length_penalty",
          "low_memory",
          "max_cache_len",
          "max_length",
          "max_matching_ngram_size",
          "max_new_tokens",
          "max_time",
          "min_length",
          "min_new_tokens",
          "min_p",
          "no_repeat_ngram_size",
          "num_assistant_tokens",
          "num_assistant_tokens_schedule",
          "num_beam_groups",
          "num_beams",
          "num_return_sequences",
          "output_logits",
          "output_scores",
          "penalty_alpha",
          "prefill_chunk_size",
          "prompt_lookup_num_tokens",
          "remove_invalid_values",
          "renormalize_logits",
          "repetition_penalty",
          "return_dict_in_generate",
          "sequence_bias",
          "speculation_type",
          "stop_strings",
          "suppress_tokens",
          "target_lookbehind",
          "temperature",
          "token_healing",
          "top_h",
          "top_k",
          "top_p",
          "typical_p",
          "use_mtp",
          "watermarking_config");

  private static final List<Set<String>> ALL =
      List.of(BOOKKEEPING, COMPUTE, TASKS, TOKENS, GENERATION);

  /** What changes nothing at this one value. */
  private static final Map<String, JsonNode> NEUTRAL =
      Map.of(
          "add_cross_attention",
          BooleanNode.FALSE,
          "is_causal",
          BooleanNode.TRUE,
          "loss_type",
          TextNode.valueOf("ForCausalLM"),
          "pruned_heads",
          JsonNodeFactory.instance.objectNode(),
          "tie_encoder_decoder",
          BooleanNode.FALSE);

  private HarmlessKeys() {}

  /** Whether a key may be there with any value. */
  static boolean contains(String key) {
    // Which of libtorch's attentions computes it: _attn_implementation, _flash_attn_2_enabled, ...
    boolean ofAttention = key.startsWith("_") && key.contains("attn");
    return ofAttention || ALL.stream().anyMatch(some -> some.contains(key));
  }

  /**
   * Notes keys of a configuration, or of a part of it, that are not at their one harmless value.
   */
  static void requireNeutral(ConfigKeys keys) {
    NEUTRAL.forEach(
        (key, neutral) -> {
          if (keys.has(key) && !same(keys.get(key), neutral)) {
            keys.problem(
                key, "is %s, and only %s is implemented".formatted(keys.shown(key), neutral));
          }
        });
  }

  private static boolean same(JsonNode value, JsonNode neutral) {
    boolean numbers = value.isNumber() && neutral.isNumber();
    return numbers ? value.doubleValue() == neutral.doubleValue() : value.equals(neutral);
  }
}
