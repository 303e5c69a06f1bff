package dev.polyphase.phases.training;

import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Decisions that are made beforehand: each rescan takes the next set of tensors, in turn. */
final class Moves implements Retargeting.Decision {
  private final List<Set<String>> sets;
  final List<Long> steps = new ArrayList<>();

  Moves(List<Set<String>> sets) {
    this.sets = sets;
  }

  Retargeting every(long steps) {
    return every(new RescanEvery.Steps(steps));
  }

  Retargeting every(RescanEvery every) {
    Set<String> most = new HashSet<>();
    sets.forEach(most::addAll);
    return new Retargeting(every, most, this);
  }

  @Override
  public Retargeting.Target of(Checkpoint weights, long step) throws IOException {
    steps.add(step);
    return new Retargeting.Target(sets.get((steps.size() - 1) % sets.size()), Map.of());
  }
}
