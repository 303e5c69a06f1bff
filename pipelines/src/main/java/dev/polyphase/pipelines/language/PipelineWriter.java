package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
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
    PipelineFile.SHAPE.write(new PipelineFile(Optional.empty(), Optional.empty(), pipeline), keys);
    return new Yaml(options).dump(keys);
  }

  /** Every setting by its key as a user would name it: {@code phases[0].targeting.top_percent}. */
  public static SortedMap<String, String> settings(Pipeline pipeline) {
    Problems problems = new Problems();
    Node root = YamlTree.ofFile(toYaml(pipeline), "pipeline", problems);
    problems.throwIfAny();
    SortedMap<String, String> settings = new TreeMap<>();
    collect(root, settings);
    return settings;
  }

  private static void collect(Node node, Map<String, String> into) {
    if (node instanceof Mapping mapping) {
      mapping.entries().values().forEach(entry -> collect(entry.value(), into));
    } else if (node instanceof Sequence sequence) {
      sequence.items().forEach(item -> collect(item, into));
    } else if (node instanceof Scalar scalar) {
      into.put(scalar.path(), scalar.text());
    }
  }
}
