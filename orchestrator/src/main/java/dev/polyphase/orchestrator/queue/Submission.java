package dev.polyphase.orchestrator.queue;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline that is to be run when its turn has come.
 *
 * @param pipeline its file; it is read when it is submitted, and what is changed in it later does
 *     not count
 * @param sets what replaces its settings, each {@code KEY=VALUE}
 * @param output the folder of runs, absolute; null for the pipeline's {@code output_dir} as seen
 *     from the current folder
 * @param after the run, by number in the queue or by name, that must have finished before; or null
 * @param priority of two that could begin the one with the higher number begins first
 * @param device the device to run on; null for any that is free
 * @param key whoever submits twice with one key submits once; null for no such key
 */
public record Submission(
    Path pipeline,
    List<String> sets,
    @Nullable Path output,
    @Nullable String after,
    int priority,
    @Nullable String device,
    @Nullable String key) {
  /** A submission of what can't change any more. */
  public Submission {
    sets = List.copyOf(sets);
  }
}
