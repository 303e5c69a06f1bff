package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Pipeline;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** Writes a pipeline as YAML that reads as the same pipeline, with nothing left to defaults. */
public final class PipelineWriter {
  private PipelineWriter() {}

  /** The pipeline file's text: every key that has a value, in a fixed order. */
  public static String toYaml(Pipeline pipeline) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    options.setIndicatorIndent(2);
    options.setIndentWithIndicator(true);
    options.setDereferenceAliases(true);
    Map<String, Object> keys = new LinkedHashMap<>();
    PipelineFile.SHAPE.write(new PipelineFile(Optional.empty(), pipeline), keys);
    return new Yaml(options).dump(keys);
  }
}
