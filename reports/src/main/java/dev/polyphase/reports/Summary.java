package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a phase came to, in the few lines that stand below its panel. */
final class Summary {

  /** All other held-out figures are left to the page. */
  private static final List<String> HELD_OUT =
      List.of("loss", "rewards/accuracies", "rewards/margins");

  private Summary() {}

  static List<String> of(PhaseReport phase) {
    List<String> lines = new ArrayList<>();
    if (phase.chosen()) {
      lines.add(modules(phase));
    }
    @Nullable AtATime atATime = phase.atATime();
    if (atATime != null) {
      lines.add(atATime.text() + ", " + Wording.count(phase.rescans().size(), "rescan"));
    }
    @Nullable PhaseTotals totals = phase.totals();
    if (totals != null) {
      lines.add(
          Wording.brief(totals.trainedParameters())
              + " of "
              + Wording.brief(totals.parameters())
              + " parameters, "
              + Wording.percent(totals.trainedParameters(), totals.parameters()));
      lines.add(
          Wording.count(totals.steps(), "step")
              + ", "
              + Wording.brief(totals.tokens())
              + " tokens, "
              + Wording.duration(totals.seconds()));
    } else if (phase.chosen()) {
      lines.add(Wording.state(phase.status()));
    }
    phase.loss().ifPresent(loss -> lines.add("training loss " + ends(loss)));
    for (HeldOut figure : phase.heldOut()) {
      String name = Wording.heldOutName(figure);
      if (HELD_OUT.contains(name)) {
        lines.add("held-out " + name + " " + Wording.change(figure.before(), figure.after()));
      }
    }
    return lines;
  }

  /** How many of its modules a phase trained at any time. */
  static String modules(PhaseReport phase) {
    long selected = phase.modules().stream().filter(ModuleReport::selected).count();
    String text = Wording.full(selected) + " of " + Wording.count(phase.modules().size(), "module");
    int always = phase.alwaysTrained().size();
    return always == 0 ? text + " trained" : text + " and " + always + " always trained";
  }

  /** A curve's first and last value. */
  static String ends(Curve curve) {
    List<Curve.Point> points = curve.points();
    if (points.isEmpty()) {
      return "–";
    }
    return Wording.change(points.get(0).value(), points.get(points.size() - 1).value());
  }
}
