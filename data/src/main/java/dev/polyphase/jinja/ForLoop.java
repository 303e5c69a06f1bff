package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code for target in series if condition}. The condition is asked of all elements before the
 * first round; every round has a scope of its own.
 *
 * @param otherwise the {@code else} body, for a series without elements
 */
record ForLoop(
    Position at,
    Target target,
    Expression series,
    @Nullable Expression condition,
    Statements.Body body,
    Statements.Body otherwise)
    implements Statement {

  @Override
  public Flow execute(Scope scope, Output output) {
    List<Value> elements = elements(scope);
    Value.Series all = new Value.Series(Value.Series.Kind.LIST, elements);
    if (elements.isEmpty()) {
      return otherwise.execute(scope.inner(), output);
    }
    for (int i = 0; i < elements.size(); i++) {
      scope.run().at(at);
      scope.run().countRound();
      Scope round = scope.inner();
      round.set("loop", new Loop(all, i));
      target.assign(elements.get(i), round);
      if (body.execute(round, output) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  private List<Value> elements(Scope scope) {
    Value value = series.evaluate(scope);
    scope.run().at(at);
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
