package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Defaults;

/** Reads {@code adapter}. */
final class AdapterReader {
  private AdapterReader() {}

  static Adapter read(Block adapter) {
    return new Adapter(
        adapter.requiredChoice("type", Adapter.Type.class, Defaults.ADAPTER.type()),
        adapter.count("r", 1, Bounds.ADAPTER_RANK, Defaults.ADAPTER.r()),
        adapter.number("alpha", Range.above0(Bounds.ADAPTER_ALPHA), Defaults.ADAPTER.alpha()),
        adapter.number("dropout", Range.BELOW_ONE, Defaults.ADAPTER.dropout()),
        adapter.choice("save", Adapter.Save.class, Defaults.ADAPTER.save()));
  }
}
