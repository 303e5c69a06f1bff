package dev.polyphase.phases.families;

import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import java.util.Map;

/** OLMo 3: OLMo 2 with windows in three of four layers. */
final class Olmo3 implements Family {
  @Override
  public String className() {
    return "Olmo3ForCausalLM";
  }

  @Override
  public String modelType() {
    return "olmo3";
  }

  @Override
  public ModelConfig read(ConfigKeys keys) {
    DecoderKeys decoder = DecoderKeys.read(keys, Olmo2.DEFAULTS);
    Map<String, Rope> ropes =
        decoder.ropeKeys().withTheta(500_000).readByLayerType(keys, "rope_theta", 500_000);
    return Olmo2.model(
        decoder,
        SlidingWindows.byLayer(
            keys, decoder.numLayers(), SlidingWindows.size(keys), layer -> (layer + 1) % 4 != 0),
        window -> RopeKeys.ofWindow(ropes, window));
  }
}
