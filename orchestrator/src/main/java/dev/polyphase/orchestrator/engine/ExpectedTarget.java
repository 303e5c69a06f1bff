package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.TrainableTensors;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a phase will train, as far as it is known before any scan: how many modules of each type,
 * though with method {@code snr} not which ones.
 *
 * @param types the module types
 * @param tensors the tensors to train. What a scan will choose is stood in for by as many modules
 *     of each type: the largest, and of equal ones those from the lowest block up, which need most
 *     memory
 * @param exact whether as many values will be trained as are in {@code tensors}: not where the
 *     modules of a type differ in size
 */
public record ExpectedTarget(List<TypeCount> types, Set<String> tensors, boolean exact) {

  public ExpectedTarget {
    types = List.copyOf(types);
    tensors = Set.copyOf(tensors);
  }

  /**
   * How much of a type is trained.
   *
   * @param type the module type
   * @param selected how many of its modules
   * @param modules how many it has
   * @param always whether they are trained whatever their rank
   */
  public record TypeCount(String type, int selected, int modules, boolean always) {}

  /**
   * Looks at names and shapes alone.
   *
   * @throws InputException where nothing would be trained
   */
  static ExpectedTarget of(Phase phase, Checkpoint checkpoint) throws IOException {
    return phase.targeting() instanceof Targeting.Snr snr
        ? ranked(snr, checkpoint)
        : named(Target.named(phase, checkpoint), checkpoint);
  }

  private static ExpectedTarget ranked(Targeting.Snr snr, Checkpoint checkpoint)
      throws IOException {
    ScanTargets targets = ScanTargets.of(checkpoint, snr.modules());
    Selection.requirePick(targets.modulesPerType(), snr.topPercent());
    AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());

    // A module's size in the place of its SNR; modules of one size keep their order, by layer.
    List<ModuleSnr> bySize = new ArrayList<>();
    Map<String, Set<Long>> sizesOfType = new HashMap<>();
    for (ScanTarget target : targets.targets()) {
      long size = values(target, checkpoint);
      bySize.add(new ModuleSnr(target.module().text(), target.type(), size));
      sizesOfType.computeIfAbsent(target.type(), type -> new HashSet<>()).add(size);
    }
    Selection standIn = Selection.of(bySize, snr.topPercent());

    List<TypeCount> types = new ArrayList<>();
    for (Selection.RankedType type : standIn.types()) {
      types.add(new TypeCount(type.type(), type.picked(), type.ranked().size(), false));
    }
    always.modules().forEach(module -> types.add(new TypeCount(module.text(), 1, 1, true)));
    boolean alwaysIsRanked =
        targets.targets().stream().anyMatch(target -> always.modules().contains(target.module()));
    boolean sameSizes = sizesOfType.values().stream().allMatch(sizes -> sizes.size() == 1);
    return new ExpectedTarget(
        types, TrainableTensors.of(checkpoint, standIn, always), sameSizes && !alwaysIsRanked);
  }

  private static long values(ScanTarget target, Checkpoint checkpoint) {
    long bias =
        checkpoint.find(target.module().text() + ".bias").map(TensorInfo::elements).orElse(0L);
    return target.tensor().elements() + bias;
  }

  private static ExpectedTarget named(Set<String> tensors, Checkpoint checkpoint) {
    SortedMap<String, TypeCount> types = new TreeMap<>();
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (tensor.name().endsWith(".weight")) {
        String module = tensor.name().substring(0, tensor.name().length() - ".weight".length());
        String type = new ModuleName(module).type();
        int selected = tensors.contains(tensor.name()) ? 1 : 0;
        types.merge(
            type,
            new TypeCount(type, selected, 1, false),
            (a, b) -> new TypeCount(type, a.selected + b.selected, a.modules + 1, false));
      }
    }
    return new ExpectedTarget(List.copyOf(types.values()), tensors, true);
  }
}
