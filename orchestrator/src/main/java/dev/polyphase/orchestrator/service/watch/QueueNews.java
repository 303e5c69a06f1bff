package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.queue.QueuedRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What became of the queue between two looks, a sentence each. */
final class QueueNews {
  private QueueNews() {}

  /** The sentences, in the order of the numbers. */
  static List<String> between(List<QueuedRun> before, List<QueuedRun> now) {
    Map<Long, QueuedRun> known = new HashMap<>();
    before.forEach(entry -> known.put(entry.number(), entry));
    List<String> sentences = new ArrayList<>();
    now.stream()
        .sorted((a, b) -> Long.compare(a.number(), b.number()))
        .forEach(
            entry -> {
              @Nullable QueuedRun then = known.get(entry.number());
              if (then == null || then.state() != entry.state()) {
                sentences.add(sentence(entry, then == null));
              }
            });
    return sentences;
  }

  private static String sentence(QueuedRun entry, boolean isNew) {
    String run = "run %d (%s) ".formatted(entry.number(), entry.name());
    String why = entry.message() == null ? "" : ": " + entry.message();
    return run
        + switch (entry.state()) {
          case WAITING -> isNew ? "was submitted" : "waits" + why;
          case RUNNING ->
              "began"
                  + (entry.device() == null ? "" : " on " + entry.device())
                  + (entry.attempts() > 1 ? ", attempt " + entry.attempts() : "");
          case STOPPING -> "was asked to stop";
          case STOPPED -> "stopped, its state is saved" + why;
          case FINISHED -> "is finished";
          case FAILED -> "failed" + why;
          case CANCELLED -> "was cancelled";
        };
  }
}
