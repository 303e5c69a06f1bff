package dev.polyphase.pipelines;

import java.util.List;

/**
 * A pipeline, every default filled in.
 *
 * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]*}
 * @param baseModel what the first phase starts from
 * @param outputDir the folder of runs, relative to the current one
 * @param seed the seed of shuffling and of new weights
 * @param devices {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:N}, one or more
 * @param dtype of the frozen weights and the compute
 * @param saveDtype of the saved weights
 * @param saveRounding how trained weights are rounded to it
 * @param phases at least one, in order
 */
public record Pipeline(
    String name,
    BaseModel baseModel,
    String outputDir,
    long seed,
    List<String> devices,
    Dtype dtype,
    SaveDtype saveDtype,
    SaveRounding saveRounding,
    List<Phase> phases) {

  public Pipeline {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
  }
}
