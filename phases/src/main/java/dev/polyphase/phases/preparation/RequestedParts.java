package dev.polyphase.phases.preparation;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.FusedExperts;
import dev.polyphase.weights.RowRanges;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What of its model a request asks to train. */
public final class RequestedParts {
  private static final String WEIGHT = ".weight";

  private RequestedParts() {}

  /**
   * What a request asks for. With an adapter, the selected projections and an untied head are
   * adapted, as their biases are not; a selected embedding, and with it a tied head, is trained
   * itself, as PEFT's {@code modules_to_save} are.
   *
   * @throws InputException naming what the model does not have, and what can't be adapted
   */
  public static Trainable of(PhaseRequest request, ModelLayout layout) {
    Set<String> selected = parameters(request.start().trainable(), request, layout);
    Map<String, RowRanges> rows = new HashMap<>();
    // A tied head that is stored a second time has two names, and rows by each of them.
    request
        .start()
        .rows()
        .forEach((tensor, some) -> rows.merge(layout.parameterOf(tensor), some, RowRanges::with));
    Optional<Adapter> adapter = request.phase().trained().adapter();
    return adapter.isPresent()
        ? adapted(request, layout, selected, rows, adapter.get())
        : new Trainable(selected, rows, Adapters.none(), request.start().rateFactors());
  }

  /**
   * The parameters that some tensors are.
   *
   * @throws InputException naming what the model does not have
   */
  public static Set<String> parameters(
      Set<String> tensors, PhaseRequest request, ModelLayout layout) {
    Set<String> parameters = tensors.stream().map(layout::parameterOf).collect(Collectors.toSet());
    Set<String> unknown = new TreeSet<>(parameters);
    layout.parameters().forEach(parameter -> unknown.remove(parameter.name()));
    if (!unknown.isEmpty()) {
      throw new InputException(
          Place.in(request.start().checkpoint().toString()),
          "the model has no parameters named %s to train".formatted(unknown));
    }
    return parameters;
  }

  private static Trainable adapted(
      PhaseRequest request,
      ModelLayout layout,
      Set<String> selected,
      Map<String, RowRanges> rows,
      Adapter adapter) {
    Set<String> whole = new HashSet<>();
    Set<String> modules = new HashSet<>();
    long largestRank = 0;
    List<String> neither = new ArrayList<>();
    List<String> inPart = new ArrayList<>();
    List<String> fused = new ArrayList<>();
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      if (!selected.contains(name)) {
        continue;
      }
      if (name.equals(layout.embedding())) {
        whole.add(name);
      } else if (FusedExperts.partName(name).isPresent()) {
        fused.add(name);
      } else if (parameter.shape().size() == 2) {
        modules.add(name.substring(0, name.length() - WEIGHT.length()));
        largestRank = Math.max(largestRank, Collections.min(parameter.shape()));
        if (rows.containsKey(name)) {
          inPart.add(name);
        }
      } else if (!selected.contains(name.replaceFirst("\\.bias$", WEIGHT))
          || name.endsWith(WEIGHT)) {
        neither.add(name);
      }
    }
    refuse(request, modules, neither, inPart, fused);
    if (adapter.save() == Adapter.Save.PEFT && layout.config().names().isOlderLayout()) {
      throw new InputException(
          "phase %s: adapter.save is peft, but the folder names its text model's tensors as older transformers did, and PEFT knows them by their newer names; leave save out, which merges them into the model"
              .formatted(request.phase().name()));
    }
    if (adapter.save() == Adapter.Save.PEFT) {
      refuseSomeExperts(request, layout, modules);
    }
    if (adapter.r() > largestRank) {
      throw new InputException(
          "phase %s: adapter.r is %,d, but the shorter side of the largest matrix to adapt is %,d, and no update of it has a higher rank; give that or less"
              .formatted(request.phase().name(), adapter.r(), largestRank));
    }
    long seed = request.pipeline().seed() * 31 + request.phase().name().hashCode();
    return new Trainable(
        whole,
        rows,
        new Adapters(modules, adapter.r(), adapter.alpha() / adapter.r(), adapter.dropout(), seed),
        request.start().rateFactors());
  }

  /**
   * transformers 5 has a layer's experts in two tensors, to which PEFT brings the adapters of all
   * of them or none (tried with PEFT 0.21).
   */
  private static void refuseSomeExperts(
      PhaseRequest request, ModelLayout layout, Set<String> modules) {
    for (int layer = 0; layer < layout.config().numLayers(); layer++) {
      List<String> ofExperts =
          layout.block(layer).values().stream()
              .map(Parameter::name)
              .filter(name -> name.contains(".experts.") && name.endsWith(WEIGHT))
              .map(name -> name.substring(0, name.length() - WEIGHT.length()))
              .toList();
      long adapted = ofExperts.stream().filter(modules::contains).count();
      if (adapted > 0 && adapted < ofExperts.size()) {
        throw new InputException(
            "phase %s: adapter.save is peft, but targeting selects %d of the %d matrices of experts in layer %d, and PEFT knows all of a layer's or none; leave save out, which merges them into the model"
                .formatted(request.phase().name(), adapted, ofExperts.size(), layer));
      }
    }
  }

  private static void refuse(
      PhaseRequest request,
      Set<String> modules,
      List<String> neither,
      List<String> inPart,
      List<String> fused) {
    List<String> sentences = new ArrayList<>();
    if (!neither.isEmpty()) {
      sentences.add(
          "an adapter is for projections and the head, but targeting selects %s; leave %s out, or remove the adapter"
              .formatted(named(neither), neither.size() == 1 ? "it" : "them"));
    }
    if (!fused.isEmpty()) {
      sentences.add(
          "an adapter is for matrices of their own, but targeting selects %s, of a tensor that holds several experts; leave %s out, or remove the adapter"
              .formatted(named(fused), fused.size() == 1 ? "it" : "them"));
    }
    if (!inPart.isEmpty()) {
      sentences.add(
          "an adapter is for whole modules, but targeting selects rows of %s; name %s without rows"
              .formatted(named(inPart), inPart.size() == 1 ? "it" : "them"));
    }
    if (modules.isEmpty() && sentences.isEmpty()) {
      sentences.add(
          "targeting selects neither a projection nor an untied head, so that there is nothing to"
              + " adapt; select some, or remove the adapter");
    }
    if (!sentences.isEmpty()) {
      String phase = "phase " + request.phase().name() + ": ";
      throw new InputException(
          sentences.stream().map(sentence -> new Problem(null, phase + sentence)).toList());
    }
  }

  private static String named(List<String> names) {
    return names.size() == 1
        ? names.get(0)
        : "%s and %d more".formatted(names.get(0), names.size() - 1);
  }
}
