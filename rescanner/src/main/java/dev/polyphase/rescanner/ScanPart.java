package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * One of the parts that several machines scan of a model together. Each module is in exactly one
 * part, and all parts are about the same work. Names and shapes alone decide which is where, so
 * that machines need not agree on anything but the command.
 *
 * @param number which part, from 1
 * @param count how many there are
 */
public record ScanPart(int number, int count) {

  /** Checks that there is such a part. */
  public ScanPart {
    if (number < 1 || count < number) {
      throw new InputException(
          "there is no part %d of %d; parts are numbered from 1 to as many as there are"
              .formatted(number, count));
    }
  }

  /** A part's work so far. */
  private record Load(int part, long work) {}

  /**
   * The part's modules, in the order of the scan; none where there are more parts than matrices.
   */
  public ScanTargets of(ScanTargets scan) {
    // A tied head goes where the embeddings go, whose tensor it is: it is measured once.
    Map<String, ScanTarget> tensors = new LinkedHashMap<>();
    scan.targets().forEach(target -> tensors.putIfAbsent(target.tensor().name(), target));
    PriorityQueue<Load> loads =
        new PriorityQueue<>(Comparator.comparingLong(Load::work).thenComparingInt(Load::part));
    for (int part = 1; part <= Math.min(count, tensors.size()); part++) {
      loads.add(new Load(part, 0));
    }
    // The largest first, each to the part with the least work: none ends more than one matrix
    // later than another.
    List<ScanTarget> largestFirst =
        tensors.values().stream()
            .sorted(Comparator.comparingLong(ScanTarget::work).reversed())
            .toList();
    Set<String> ours = new HashSet<>();
    for (ScanTarget target : largestFirst) {
      Load least = loads.remove();
      loads.add(new Load(least.part(), least.work() + target.work()));
      if (least.part() == number) {
        ours.add(target.tensor().name());
      }
    }
    return new ScanTargets(
        scan.targets().stream().filter(target -> ours.contains(target.tensor().name())).toList());
  }
}
