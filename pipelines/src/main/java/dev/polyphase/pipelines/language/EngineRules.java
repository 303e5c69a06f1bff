package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.TrainingEngine.Launch;
import dev.polyphase.pipelines.yaml.Scalar;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the keys of an engine say together, and what their commands hold. */
final class EngineRules {
  /** Other braces are the command's own, as those of JSON. */
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{[A-Za-z0-9_-]+}");

  private EngineRules() {}

  /** Two places for what all phases inherit are one too many. */
  static PipelineFile file(PipelineFile read, Block file) {
    if (file.holds("engine") && file.holds("defaults") && file.within("defaults").holds("engine")) {
      file.refuse(
          "engine", "stands beside defaults.engine, which says the same; remove one of them");
    }
    return read;
  }

  static TrainingEngine engine(TrainingEngine read, Block engine) {
    if (read.launch() instanceof Launch.Command command) {
      refuseOtherPlaceholders(engine, "launch", command.line(), Launch.Command.PLACEHOLDERS);
    }
    read.cancel()
        .ifPresent(line -> refuseOtherPlaceholders(engine, "cancel", line, List.of("{job}")));
    boolean effective = read.type() != TrainingEngine.Type.EMBEDDED && !engine.isPart();
    if (!effective || isWrong(read.launch(), engine)) {
      return read;
    }
    if (read.launch() instanceof Launch.Local && read.nodes() > 1) {
      engine.refuse(
          engine.owns("launch") && !engine.owns("nodes") ? "launch" : "nodes",
          "local starts processes on this machine alone, but nodes is %d; give launch: slurm or a command, or nodes: 1"
              .formatted(read.nodes()));
    }
    return read.launch() instanceof Launch.Command ? read : withoutCancel(read, engine);
  }

  /** What stands in for a wrong launch is local, which nobody wrote. */
  private static boolean isWrong(Launch read, Block engine) {
    return read instanceof Launch.Local
        && engine.holds("launch")
        && !(engine.given("launch") instanceof Scalar scalar && scalar.text().equals("local"));
  }

  /** A phase that says how it is launched may inherit the end of another way. */
  private static TrainingEngine withoutCancel(TrainingEngine read, Block engine) {
    boolean passedBy = engine.owns("launch") && !engine.owns("cancel");
    if (read.cancel().isPresent() && !passedBy) {
      engine.refuse(
          "cancel",
          "ends what a command of one's own started, but launch is %s; remove it or give a command"
              .formatted(read.launch() instanceof Launch.Slurm ? "slurm" : "local"));
    }
    return new TrainingEngine(
        read.type(),
        read.python(),
        read.nodes(),
        read.processesPerNode(),
        read.launch(),
        Optional.empty(),
        read.checkpointSteps(),
        read.heartbeatTimeout(),
        read.retries());
  }

  private static void refuseOtherPlaceholders(
      Block engine, String key, String line, List<String> known) {
    Matcher placeholders = PLACEHOLDER.matcher(line);
    while (placeholders.find()) {
      if (!known.contains(placeholders.group())) {
        engine.refuse(
            key,
            "holds %s, and only %s for something; write %s, or no braces"
                .formatted(
                    placeholders.group(),
                    known.size() == 1 ? known.get(0) + " stands" : listed(known) + " stand",
                    known.size() == 1 ? "that" : "one of them"));
      }
    }
  }

  private static String listed(List<String> words) {
    int last = words.size() - 1;
    return String.join(", ", words.subList(0, last)) + " and " + words.get(last);
  }
}
