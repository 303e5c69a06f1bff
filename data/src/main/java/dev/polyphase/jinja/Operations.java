package dev.polyphase.jinja;

import java.util.List;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/** Expressions that compute. */
final class Operations {
  private Operations() {}

  /** {@code left + right} and its like. */
  record Binary(Position at, BinaryOperator<Value> operator, Expression left, Expression right)
      implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value first = left.evaluate(scope);
      Value second = right.evaluate(scope);
      scope.run().at(at);
      return operator.apply(first, second);
    }
  }

  /** {@code -operand} or {@code +operand}. */
  record Sign(Position at, boolean negative, Expression operand) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = operand.evaluate(scope);
      scope.run().at(at);
      return Arithmetic.signed(value, negative);
    }
  }

  /** {@code a ~ b}: the operands' text. */
  record Concatenation(Position at, List<Expression> operands) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Output text = new Output();
      for (Expression operand : operands) {
        Value value = operand.evaluate(scope);
        scope.run().at(at);
        Writing.write(value, text);
      }
      return text.toText();
    }
  }

  /** {@code a < b <= c}: each pair must hold; what follows one that does not is not evaluated. */
  record Comparisons(Expression first, List<Link> links) implements Expression {
    /** An operator and what is to the right of it. */
    record Link(Position at, Comparison.Operator operator, Expression right) {}

    @Override
    public Value evaluate(Scope scope) {
      Value left = first.evaluate(scope);
      for (Link link : links) {
        Value right = link.right().evaluate(scope);
        scope.run().at(link.at());
        if (!link.operator().holds(left, right)) {
          return Value.bool(false);
        }
        left = right;
      }
      return Value.bool(true);
    }
  }

  /** {@code not operand}. */
  record Not(Expression operand) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      scope.run().budget().expression();
      return Value.bool(!operand.evaluate(scope).truthy());
    }
  }

  /** {@code left and right}: the operand that decides. */
  record And(Expression left, Expression right) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      scope.run().budget().expression();
      Value value = left.evaluate(scope);
      return value.truthy() ? right.evaluate(scope) : value;
    }
  }

  /** {@code left or right}: the operand that decides. */
  record Or(Expression left, Expression right) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      scope.run().budget().expression();
      Value value = left.evaluate(scope);
      return value.truthy() ? value : right.evaluate(scope);
    }
  }

  /** {@code then if condition else otherwise}; without else undefined. */
  record Conditional(Expression condition, Expression then, @Nullable Expression otherwise)
      implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      scope.run().budget().expression();
      if (condition.evaluate(scope).truthy()) {
        return then.evaluate(scope);
      }
      return otherwise == null
          ? new Value.Undefined("the inline if has no else, and its condition is false")
          : otherwise.evaluate(scope);
    }
  }
}
