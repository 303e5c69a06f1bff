package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.Experts.Form;
import dev.polyphase.phases.model.Experts.Routing;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Qwen3 with experts in the place of the MLP in all layers or some. */
final class Qwen3Moe implements Family {
  private static final Form FORM = new Form.Own("mlp.", "gate_proj", "up_proj", "down_proj");
  private static final String SHARED = "shared_expert_intermediate_size";
  private static final String DENSE_LAYERS = "mlp_only_layers";

  @Override
  public String className() {
    return "Qwen3MoeForCausalLM";
  }

  @Override
  public String modelType() {
    return "qwen3_moe";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys);
    Projections projections = Projections.separate(keys.flag("attention_bias", false));
    keys.refuseTrue("mlp_bias");
    refuseOtherThanNeutral(keys);
    Attention attention =
        decoder.attention(projections, HeadNorms.EACH_HEAD, decoder.rope(), window(keys));
    MixtureKeys mixture = MixtureKeys.read(keys, 128, 8);
    Routing routing = new Routing.SoftmaxFirst(keys.flag("norm_topk_prob", false), true);
    Experts experts = mixture.experts(keys.positiveOr(768, "moe_intermediate_size"), routing, FORM);
    int every = keys.positiveOr(1, "decoder_sparse_step");
    Set<Integer> dense = denseLayers(keys);
    RmsNorm norm = decoder.norm(RmsNorm.Form.WEIGHT_AFTER_ROUNDING);
    List<DecoderBlock> blocks = new ArrayList<>();
    for (int layer = 0; layer < decoder.numLayers(); layer++) {
      boolean sparse = mixture.count() > 0 && (layer + 1) % every == 0 && !dense.contains(layer);
      blocks.add(
          decoder.block(norm, Norms.BEFORE, attention, sparse ? experts : decoder.mlp(false)));
    }
    return decoder.model(norm, blocks, EndRules.NONE);
  }

  /** What some published configurations say of parts that other mixtures have. */
  private static void refuseOtherThanNeutral(ConfigKeys keys) {
    keys.refuseTrue("qkv_bias");
    if (!keys.flag("use_qk_norm", true)) {
      keys.problem("use_qk_norm", "is false, but this architecture norms queries and keys");
    }
    if (keys.wholeNumberOr(0, SHARED) != 0) {
      keys.problem(SHARED, "is not 0, but this architecture has no shared experts");
    }
  }

  /** One of all layers; which layers the dense Qwen3 would have without one does not matter. */
  private static int window(ConfigKeys keys) {
    int size = SlidingWindows.size(keys);
    int window = keys.flag(SlidingWindows.ASKED, false) ? size : 0;
    SlidingWindows.firstLayer(keys);
    return window;
  }

  private static Set<Integer> denseLayers(ConfigKeys keys) {
    Set<Integer> layers = new HashSet<>();
    if (keys.has(DENSE_LAYERS)) {
      boolean sound = keys.get(DENSE_LAYERS).isArray();
      for (JsonNode layer : keys.get(DENSE_LAYERS)) {
        sound &= layer.isInt();
        layers.add(layer.asInt(-1));
      }
      if (!sound) {
        keys.problem(DENSE_LAYERS, "must be a list of layers, found " + keys.shown(DENSE_LAYERS));
      }
    }
    return layers;
  }
}
