package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.families.DecoderKeys.Defaults;
import dev.polyphase.phases.model.Attention.HeadNorms;
import dev.polyphase.phases.model.Attention.Projections;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.DecoderBlock.Norms;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.RmsNorm.Form;
import dev.polyphase.phases.model.Rope;
import java.util.ArrayList;
import java.util.List;

/** SmolLM3: every fourth layer does without rotary positions. */
final class SmolLm3 implements Family {
  private static final String LAYERS = "no_rope_layers";

  @Override
  public String className() {
    return "SmolLM3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "smollm3";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder =
        DecoderKeys.read(keys, Defaults.NONE.withPaddingToken(128_004).tiedByDefault());
    List<Boolean> turned = turned(keys, decoder.numLayers());
    Rope rotary = decoder.ropeKeys().withTheta(2_000_000).read(keys);
    Projections projections = Projections.separate(keys.flag("attention_bias", false));
    Mlp mlp = decoder.mlp(keys.flag("mlp_bias", false));
    int window = keys.flag(SlidingWindows.ASKED, false) ? SlidingWindows.sizeIfGiven(keys) : 0;
    SlidingWindows.sizeIfGiven(keys);
    // Of another family's, which transformers carries along.
    SlidingWindows.firstLayer(keys);
    List<Integer> windows =
        SlidingWindows.byLayer(keys, decoder.numLayers(), window, layer -> !turned.get(layer));
    RmsNorm norm = decoder.norm(Form.WEIGHT_AFTER_ROUNDING);
    List<DecoderBlock> blocks = new ArrayList<>();
    for (int layer = 0; layer < decoder.numLayers(); layer++) {
      Rope rope = turned.get(layer) ? rotary : Rope.none();
      int ofLayer = layer < windows.size() ? windows.get(layer) : 0;
      blocks.add(
          decoder.block(
              norm,
              Norms.BEFORE,
              decoder.attention(projections, HeadNorms.NONE, rope, ofLayer),
              mlp));
    }
    return decoder.model(norm, blocks, EndRules.NONE);
  }

  /** Of each layer whether it has rotary positions: 1 in the list, despite its name. */
  private static List<Boolean> turned(ConfigKeys keys, int numLayers) {
    int interval = keys.positiveOr(4, "no_rope_layer_interval");
    List<Boolean> turned = new ArrayList<>();
    for (int layer = 0; layer < numLayers; layer++) {
      turned.add((layer + 1) % interval != 0);
    }
    if (!keys.has(LAYERS)) {
      return turned;
    }
    JsonNode given = keys.get(LAYERS);
    if (!given.isArray() || given.size() < numLayers) {
      keys.problem(
          LAYERS,
          "must be a list of 1 and 0, one for each of the %d layers, found %s"
              .formatted(numLayers, keys.shown(LAYERS)));
      return turned;
    }
    for (int layer = 0; layer < numLayers; layer++) {
      JsonNode ofLayer = given.get(layer);
      boolean one = ofLayer.isIntegralNumber() && ofLayer.intValue() == 1;
      if (!one && !(ofLayer.isIntegralNumber() && ofLayer.intValue() == 0)) {
        keys.problem(LAYERS, "must be a list of 1 and 0, found " + ofLayer);
        return turned;
      }
      turned.set(layer, one);
    }
    return turned;
  }
}
