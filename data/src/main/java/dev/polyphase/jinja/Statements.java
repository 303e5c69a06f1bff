package dev.polyphase.jinja;

import java.util.List;

/** The simple statements. */
final class Statements {
  private Statements() {}

  /** Statements one after the other. */
  record Body(List<Statement> statements) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      Budget budget = scope.run().budget();
      budget.enter(scope, output);
      Flow flow = Flow.NEXT;
      for (int i = 0; i < statements.size() && flow == Flow.NEXT; i++) {
        budget.statement();
        flow = statements.get(i).execute(scope, output);
      }
      budget.leave();
      return flow;
    }

    /** What it writes in a scope of its own. */
    Value.Text written(Scope outer) {
      Output text = new Output();
      execute(outer.inner(), text);
      return text.toText();
    }
  }

  /** Text outside of tags. */
  record Data(Position at, String text) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      scope.run().at(at);
      output.append(text);
      return Flow.NEXT;
    }
  }

  /** {@code {{ value }}}. */
  record Print(Position at, Expression value) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      Value printed = value.evaluate(scope);
      scope.run().at(at);
      Writing.write(printed, output);
      return Flow.NEXT;
    }
  }

  /** {@code if}, {@code elif} and {@code else}: the body of the first condition that holds. */
  record If(List<Branch> branches, Body otherwise) implements Statement {
    /** A condition and what is executed where it holds. */
    record Branch(Expression condition, Body body) {}

    @Override
    public Flow execute(Scope scope, Output output) {
      for (Branch branch : branches) {
        scope.run().budget().expression();
        if (branch.condition().evaluate(scope).truthy()) {
          return branch.body().execute(scope, output);
        }
      }
      return otherwise.execute(scope, output);
    }
  }

  /** {@code set target = value}. */
  record Set(Target target, Expression value) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      target.assign(value.evaluate(scope), scope);
      return Flow.NEXT;
    }
  }

  /** {@code break} or {@code continue}. */
  record Jump(Flow flow) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      return flow;
    }
  }

  /** {@code generation}: what its body writes is what the model is to say. */
  record Generation(Body body) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      output.beginGeneration();
      Flow flow = body.execute(scope.inner(), output);
      output.endGeneration();
      return flow;
    }
  }

  /** A block that hides its variables: {@code with}. */
  record Block(List<Set> variables, Body body) implements Statement {
    @Override
    public Flow execute(Scope scope, Output output) {
      Scope inner = scope.inner();
      for (Set variable : variables) {
        // Each value is seen from outside of the block.
        variable.target().assign(variable.value().evaluate(scope), inner);
      }
      return body.execute(inner, output);
    }
  }
}
