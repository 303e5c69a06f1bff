package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.weights.DiskSpace;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * What a run has still to write, and the room for it.
 *
 * @param folder the run's folder
 * @param phases what each phase to come takes, in order
 * @param neededBytes how much more room than now the run takes at its fullest moment
 * @param freeBytes what is free for it; empty where nobody knows
 * @param remedies the settings that would make it less
 */
public record RunDisk(
    String folder,
    List<DiskNeed> phases,
    long neededBytes,
    OptionalLong freeBytes,
    List<String> remedies) {

  public RunDisk {
    phases = List.copyOf(phases);
    remedies = List.copyOf(remedies);
  }

  /**
   * The need of a run as far as it is not done. What lies in the folder of a phase to come counts:
   * the phase goes on with it, or takes its place.
   *
   * @param toCome the pipeline's last phases
   */
  public static RunDisk of(RunRequest request, List<PlannedPhase> toCome) throws IOException {
    List<DiskNeed> needs = toCome.stream().map(DiskNeed::of).toList();
    int from = request.pipeline().phases().size() - needs.size();
    // A run that is moved away makes no room.
    boolean continues = request.start() != Start.FRESH;
    long before = from == 0 ? newModelBytes(request, needs, continues) : 0;
    long needed = before;
    for (int i = 0; i < needs.size(); i++) {
      DiskNeed need = needs.get(i);
      long there =
          continues ? FolderTree.bytes(request.run().phase(from + i, need.phase()).path()) : 0;
      needed = Math.max(needed, before + need.peakBytes() - there);
      before += Math.max(0, need.leftBytes() - there);
    }
    return new RunDisk(
        request.run().path().toString(),
        needs,
        Math.max(needed, before),
        DiskSpace.freeAt(request.run().path()),
        remedies(request.pipeline(), needs));
  }

  /**
   * A model that the run makes is as large as what is trained from it. One with further tokens may
   * be less, as far as the file system lets it share its base's files, which nobody knows before.
   */
  private static long newModelBytes(RunRequest request, List<DiskNeed> needs, boolean continues)
      throws IOException {
    boolean made =
        request.pipeline().baseModel() instanceof BaseModel.Random
            || !request.pipeline().vocabulary().isAsItWas();
    if (!made || needs.isEmpty()) {
      return 0;
    }
    long there = continues ? FolderTree.bytes(request.run().newModel()) : 0;
    return Math.max(0, needs.get(0).modelBytes() - there);
  }

  private static List<String> remedies(Pipeline pipeline, List<DiskNeed> needs) {
    List<String> remedies = new ArrayList<>();
    if (needs.stream().anyMatch(need -> need.checkpoints() > 2 && need.checkpointBytes() > 0)) {
      remedies.add("save_total_limit: 1");
    }
    if (pipeline.saveDtype() == SaveDtype.FLOAT32) {
      remedies.add("save_dtype: bfloat16");
    }
    return remedies;
  }

  /** Whether there is room, as far as anybody knows. */
  public boolean fits() {
    return freeBytes.isEmpty() || neededBytes <= freeBytes.getAsLong();
  }

  /** What a user is told of a run for which there is no room; empty where there is. */
  public Optional<String> lack() {
    if (fits()) {
      return Optional.empty();
    }
    String settings = remedies.isEmpty() ? "" : ", or set " + String.join(" or ", remedies);
    return Optional.of(
        "%s needs %s more on its disk, which has %s free: %s; make room, choose another disk with --output%s"
            .formatted(
                folder,
                Numbers.bytes(neededBytes),
                Numbers.bytes(freeBytes.orElse(0)),
                phases.stream()
                    .map(need -> "phase " + need.phase() + " writes " + need.parts())
                    .collect(Collectors.joining("; ")),
                settings));
  }
}
