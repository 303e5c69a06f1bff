package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code for target in series if condition recursive}. The condition is asked of all elements
 * before the first round; every round has a scope of its own.
 *
 * @param otherwise the {@code else} body, for a series without elements
 */
record ForLoop(
    Position at,
    Target target,
    Expression series,
    @Nullable Expression condition,
    boolean recursive,
    Statements.Body body,
    Statements.Body otherwise)
    implements Statement {

  @Override
  public Flow execute(Scope scope, Output output) {
    Value value = series.evaluate(scope);
    scope.run().at(at);
    execute(value, scope, output, 0);
    return Flow.NEXT;
  }

  private void execute(Value value, Scope scope, Output output, int depth0) {
    List<Value> elements = elements(value, scope);
    Value.Series all = new Value.Series(Value.Series.Kind.LIST, elements);
    if (elements.isEmpty()) {
      otherwise.execute(scope.inner(), output);
      return;
    }
    Loop.Rounds rounds =
        new Loop.Rounds(depth0, recursive ? deeper -> recursion(deeper, scope, depth0 + 1) : null);
    for (int i = 0; i < elements.size(); i++) {
      scope.run().at(at);
      scope.run().countRound();
      Scope round = scope.inner();
      round.set("loop", new Loop(all, i, rounds));
      target.assign(elements.get(i), round);
      if (body.execute(round, output) == Flow.BREAK) {
        break;
      }
    }
  }

  private Value.Text recursion(Value value, Scope scope, int depth0) {
    scope.run().enterMacro();
    Output text = new Output();
    execute(value, scope, text, depth0);
    scope.run().leaveMacro();
    return text.toText();
  }

  private List<Value> elements(Value value, Scope scope) {
    List<Value> all = Subscripts.elements(value);
    if (condition == null) {
      return all;
    }
    List<Value> wanted = new ArrayList<>();
    for (Value element : all) {
      Scope asked = scope.inner();
      target.assign(element, asked);
      if (condition.evaluate(asked).truthy()) {
        wanted.add(element);
      }
    }
    return wanted;
  }
}
