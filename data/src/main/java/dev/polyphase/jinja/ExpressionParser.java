package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Parses expressions, the operators between operands. From the loosest to the tightest: {@code a if
 * b else c}, {@code or}, {@code and}, {@code not}, comparisons and {@code in}, {@code + -}, {@code
 * ~}, {@code * / // %}, {@code **}, signs, filters and tests, then calls, attributes and
 * subscripts.
 */
final class ExpressionParser {
  private static final Map<String, Comparison.Operator> COMPARISONS =
      Map.of(
          "==", Comparison.Operator.EQ,
          "!=", Comparison.Operator.NE,
          "<", Comparison.Operator.LT,
          "<=", Comparison.Operator.LE,
          ">", Comparison.Operator.GT,
          ">=", Comparison.Operator.GE);
  private static final Map<String, BinaryOperator<Value>> SUMS =
      Map.of("+", Arithmetic::add, "-", Arithmetic::subtract);
  private static final Map<String, BinaryOperator<Value>> PRODUCTS =
      Map.of(
          "*", Arithmetic::multiply,
          "/", Arithmetic::divide,
          "//", Arithmetic::floorDivide,
          "%", Arithmetic::modulo);

  private final TokenStream tokens;
  private final PostfixParser operands;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
    this.operands = new PostfixParser(tokens, this);
  }

  /** An expression. */
  Expression expression() {
    Expression value = disjunction();
    while (tokens.skipName("if")) {
      Expression condition = disjunction();
      @Nullable Expression otherwise = tokens.skipName("else") ? expression() : null;
      value = new Operations.Conditional(condition, value, otherwise);
    }
    return value;
  }

  /** What follows operands; statements call and filter too. */
  PostfixParser operands() {
    return operands;
  }

  /** One expression, or several with commas between them, which are a tuple. */
  Expression tuple() {
    Expression first = expression();
    return tokens.isAtOperator(",") ? tupleAfter(first) : first;
  }

  /** What a for loop goes over: no {@code if} belongs to it, but it may be a tuple. */
  Expression disjunctions() {
    Expression first = disjunction();
    return tokens.isAtOperator(",") ? tupleAfter(first, this::disjunction) : first;
  }

  /** The rest of a tuple, from the first comma; a comma may end it. */
  Expression tupleAfter(Expression first) {
    return tupleAfter(first, this::expression);
  }

  private Expression tupleAfter(Expression first, Supplier<Expression> item) {
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",")) {
      if (tokens.isAt(Token.Kind.CLOSE_TAG)
          || tokens.isAt(Token.Kind.CLOSE_PRINT)
          || tokens.isAtOperator(")")
          || tokens.isAtOperator("]")) {
        break;
      }
      items.add(item.get());
    }
    return new Literals.SeriesOf(Value.Series.Kind.TUPLE, items);
  }

  private Expression disjunction() {
    Expression left = conjunction();
    while (tokens.skipName("or")) {
      left = new Operations.Or(left, conjunction());
    }
    return left;
  }

  private Expression conjunction() {
    Expression left = negation();
    while (tokens.skipName("and")) {
      left = new Operations.And(left, negation());
    }
    return left;
  }

  private Expression negation() {
    return tokens.skipName("not") ? new Operations.Not(negation()) : comparison();
  }

  private Expression comparison() {
    Expression first = sum();
    List<Operations.Comparisons.Link> links = new ArrayList<>();
    while (true) {
      Position at = tokens.current().at();
      Comparison.@Nullable Operator operator = comparisonOperator();
      if (operator == null) {
        return links.isEmpty() ? first : new Operations.Comparisons(first, links);
      }
      links.add(new Operations.Comparisons.Link(at, operator, sum()));
    }
  }

  private Comparison.@Nullable Operator comparisonOperator() {
    if (tokens.isAt(Token.Kind.OPERATOR)) {
      Comparison.@Nullable Operator operator = COMPARISONS.get(tokens.current().text());
      if (operator != null) {
        tokens.take();
      }
      return operator;
    }
    if (tokens.skipName("in")) {
      return Comparison.Operator.IN;
    }
    Token following = tokens.following();
    if (tokens.isAtName("not")
        && following.kind() == Token.Kind.NAME
        && following.text().equals("in")) {
      tokens.take();
      tokens.take();
      return Comparison.Operator.NOT_IN;
    }
    return null;
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.isAt(Token.Kind.OPERATOR)) {
      @Nullable BinaryOperator<Value> operator = SUMS.get(tokens.current().text());
      if (operator == null) {
        break;
      }
      Position at = tokens.take().at();
      left = new Operations.Binary(at, operator, left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    List<Expression> operands = new ArrayList<>(List.of(product()));
    Position at = tokens.current().at();
    while (tokens.skipOperator("~")) {
      operands.add(product());
    }
    return operands.size() == 1 ? operands.get(0) : new Operations.Concatenation(at, operands);
  }

  private Expression product() {
    Expression left = power();
    while (tokens.isAt(Token.Kind.OPERATOR)) {
      @Nullable BinaryOperator<Value> operator = PRODUCTS.get(tokens.current().text());
      if (operator == null) {
        break;
      }
      Position at = tokens.take().at();
      left = new Operations.Binary(at, operator, left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = operands.withFilters(unary());
    while (tokens.isAtOperator("**")) {
      Position at = tokens.take().at();
      left = new Operations.Binary(at, Arithmetic::power, left, operands.withFilters(unary()));
    }
    return left;
  }

  /** A sign binds tighter than a filter: {@code -1|abs} is 1. */
  private Expression unary() {
    Token first = tokens.current();
    if (tokens.skipOperator("-")) {
      return new Operations.Sign(first.at(), true, unary());
    }
    if (tokens.skipOperator("+")) {
      return new Operations.Sign(first.at(), false, unary());
    }
    return operands.operand();
  }
}
