package dev.polyphase.trl.launch;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The script that Slurm runs. It may be run again after any end: the driver goes on from its newest
 * checkpoint.
 */
record SlurmScript(LaunchSettings settings, Attempt attempt, String name) {
  /** Longer than a step and a checkpoint take, for most. */
  private static final int SECONDS_TO_STOP = 120;

  String text() throws IOException {
    return "#!/bin/bash\n" + options() + filled(body());
  }

  private String options() {
    List<String> options = new ArrayList<>();
    options.add("--job-name=" + name);
    options.add("--nodes=" + settings.nodes());
    options.add("--ntasks-per-node=1");
    if (settings.gpus()) {
      options.add("--gpus-per-node=" + settings.processesPerNode());
    }
    // Within the engine folder, which sbatch is told.
    options.add("--output=" + attempt.log().getFileName());
    options.add("--open-mode=append");
    options.add("--signal=B:TERM@" + SECONDS_TO_STOP);
    options.add("--requeue");
    StringBuilder lines = new StringBuilder();
    options.forEach(option -> lines.append("#SBATCH ").append(option).append('\n'));
    return lines.toString();
  }

  private String filled(String body) {
    String filled = body;
    for (Map.Entry<String, String> value :
        Map.of(
                "@ENGINE@", attempt.folder().toString(),
                "@PYTHON@", settings.python().toString(),
                "@NAME@", name,
                "@NODES@", Integer.toString(settings.nodes()),
                "@PER_NODE@", Integer.toString(settings.processesPerNode()))
            .entrySet()) {
      filled =
          filled.replace("=" + value.getKey() + "\n", "=" + Shell.quoted(value.getValue()) + "\n");
    }
    return filled;
  }

  private static String body() throws IOException {
    try (InputStream body = requireNonNull(SlurmScript.class.getResourceAsStream("job.sbatch"))) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
