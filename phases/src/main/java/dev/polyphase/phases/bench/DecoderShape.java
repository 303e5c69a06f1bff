package dev.polyphase.phases.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * The shape of a decoder and of a batch for it.
 *
 * @param hidden the width of the hidden states
 * @param layers its blocks
 * @param heads query heads; a head has {@code hidden / heads} values
 * @param keyValueHeads key and value heads
 * @param intermediate the width inside the MLP
 * @param vocabulary its words
 * @param tied whether the head is the embedding
 * @param sequence tokens of a row
 * @param batch rows of a step
 */
public record DecoderShape(
    int hidden,
    int layers,
    int heads,
    int keyValueHeads,
    int intermediate,
    int vocabulary,
    boolean tied,
    int sequence,
    int batch) {

  /** What a linear layer's weight {@code [out, in]} multiplies. */
  record Linear(int out, int in) {}

  /** The width of keys and of values. */
  int keyValueWidth() {
    return hidden / heads * keyValueHeads;
  }

  /** The tokens of a step. */
  public int tokens() {
    return batch * sequence;
  }

  /** The linear layers of a block, in the order of the forward pass. */
  List<Linear> linearsOfBlock() {
    return List.of(
        new Linear(hidden, hidden),
        new Linear(keyValueWidth(), hidden),
        new Linear(keyValueWidth(), hidden),
        new Linear(hidden, hidden),
        new Linear(intermediate, hidden),
        new Linear(intermediate, hidden),
        new Linear(hidden, intermediate));
  }

  /** The linear layers of the model, the head being the last. */
  List<Linear> linears() {
    List<Linear> linears = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      linears.addAll(linearsOfBlock());
    }
    linears.add(new Linear(vocabulary, hidden));
    return linears;
  }

  /** A model of this shape as {@code config.json} describes it. */
  public String config() {
    return """
        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": %d,
         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "intermediate_size": %d, "vocab_size": %d, "tie_word_embeddings": %b, "rms_norm_eps": 1e-6,
         "rope_theta": 10000.0, "max_position_embeddings": %d, "hidden_act": "silu",
         "dtype": "float32"}
        """
        .formatted(hidden, layers, heads, keyValueHeads, intermediate, vocabulary, tied, sequence);
  }
}
