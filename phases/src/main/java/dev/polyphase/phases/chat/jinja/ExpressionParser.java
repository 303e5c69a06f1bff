package dev.polyphase.phases.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Parses expressions. From the loosest to the tightest: {@code a if b else c}, {@code or}, {@code
 * and}, {@code not}, comparisons and {@code in}, {@code + -}, {@code ~}, {@code * / // %}, {@code
 * **}, signs, filters and tests, then calls, attributes and subscripts.
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
  private static final Set<String> NO_TEST_ARGUMENT = Set.of("else", "or", "and", "is");

  private final TokenStream tokens;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
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

  /** One expression, or several with commas between them, which are a tuple. */
  Expression tuple() {
    Expression first = expression();
    return tokens.isAtOperator(",") ? tupleAfter(first) : first;
  }

  /** An expression that ends before {@code if}, as a for loop's. */
  Expression disjunction() {
    Expression left = conjunction();
    while (tokens.skipName("or")) {
      left = new Operations.Or(left, conjunction());
    }
    return left;
  }

  /** What is passed to a call, from its opening parenthesis to its closing one. */
  Invocations.Passed passed() {
    tokens.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!tokens.skipOperator(")")) {
      if (!positional.isEmpty() || !named.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.skipOperator(")")) {
          break;
        }
      }
      Token following = tokens.following();
      if (tokens.isAt(Token.Kind.NAME)
          && following.kind() == Token.Kind.OPERATOR
          && following.text().equals("=")) {
        Token name = tokens.take();
        tokens.take();
        if (named.put(name.text(), expression()) != null) {
          throw TokenStream.wrong(name, "the argument '" + name.text() + "' is given twice");
        }
      } else if (named.isEmpty()) {
        positional.add(expression());
      } else {
        throw tokens.unexpected("an argument with a name, as those before it have");
      }
    }
    return new Invocations.Passed(List.copyOf(positional), named);
  }

  /** Filters that follow an expression, at least one: {@code |trim|upper}. */
  Expression filtered(Expression input) {
    Expression value = input;
    do {
      Position at = tokens.expectOperator("|").at();
      value = filter(at, value);
    } while (tokens.isAtOperator("|"));
    return value;
  }

  /** A filter's name and arguments, without the bar before them. */
  Expression filter(Position at, Expression input) {
    return new Invocations.FilterCall(at, input, dottedName("a filter's name"), passedIfAny());
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
    Expression left = withFilters(unary());
    while (tokens.isAtOperator("**")) {
      Position at = tokens.take().at();
      left = new Operations.Binary(at, Arithmetic::power, left, withFilters(unary()));
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
    return withPostfix(primary());
  }

  private Expression withPostfix(Expression start) {
    Expression value = start;
    while (true) {
      Position at = tokens.current().at();
      if (tokens.skipOperator(".")) {
        value = attribute(at, value);
      } else if (tokens.skipOperator("[")) {
        value = subscript(at, value);
      } else if (tokens.isAtOperator("(")) {
        value = new Invocations.Call(at, value, passed());
      } else {
        return value;
      }
    }
  }

  private Expression attribute(Position at, Expression object) {
    Token name = tokens.take();
    return switch (name.kind()) {
      case NAME -> new Lookups.Attribute(at, object, name.text());
      case INTEGER -> new Lookups.Item(at, object, integer(name));
      case DATA, OPEN_PRINT, CLOSE_PRINT, OPEN_TAG, CLOSE_TAG, STRING, FLOAT, OPERATOR, END ->
          throw TokenStream.wrong(
              name, "expected a name after the point, found " + name.described());
    };
  }

  private Expression subscript(Position at, Expression object) {
    @Nullable Expression start = sliceBound();
    if (start != null && !tokens.isAtOperator(":")) {
      Expression key = tokens.isAtOperator(",") ? tupleAfter(start) : start;
      tokens.expectOperator("]");
      return new Lookups.Item(at, object, key);
    }
    tokens.expectOperator(":");
    @Nullable Expression stop = sliceBound();
    @Nullable Expression step = tokens.skipOperator(":") ? sliceBound() : null;
    tokens.expectOperator("]");
    return new Lookups.Slice(at, object, start, stop, step);
  }

  private @Nullable Expression sliceBound() {
    return tokens.isAtOperator(":") || tokens.isAtOperator("]") ? null : expression();
  }

  private Expression withFilters(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.isAtOperator("|")) {
        value = filtered(value);
      } else if (tokens.isAtName("is")) {
        value = test(value);
      } else if (tokens.isAtOperator("(")) {
        value = new Invocations.Call(tokens.current().at(), value, passed());
      } else {
        return value;
      }
    }
  }

  private Expression test(Expression input) {
    Position at = tokens.take().at();
    boolean negated = tokens.skipName("not");
    String name = dottedName("a test's name");
    Expression test = new Invocations.TestCall(at, input, name, testArgument());
    return negated ? new Operations.Not(test) : test;
  }

  /** A test's only argument needs no parentheses: {@code x is divisibleby 3}. */
  private Invocations.Passed testArgument() {
    Token next = tokens.current();
    boolean bare =
        switch (next.kind()) {
          case NAME -> !NO_TEST_ARGUMENT.contains(next.text());
          case STRING, INTEGER, FLOAT -> true;
          case OPERATOR -> next.text().equals("[") || next.text().equals("{");
          case DATA, OPEN_PRINT, CLOSE_PRINT, OPEN_TAG, CLOSE_TAG, END -> false;
        };
    return bare ? new Invocations.Passed(List.of(withPostfix(primary())), Map.of()) : passedIfAny();
  }

  private Invocations.Passed passedIfAny() {
    return tokens.isAtOperator("(") ? passed() : Invocations.Passed.NOTHING;
  }

  private String dottedName(String what) {
    StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME, what).text());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expect(Token.Kind.NAME, what).text());
    }
    return name.toString();
  }

  private Expression primary() {
    Token token = tokens.take();
    return switch (token.kind()) {
      case NAME -> name(token);
      case STRING -> string(token);
      case INTEGER -> integer(token);
      case FLOAT ->
          new Literals.Constant(new Value.Real(Double.parseDouble(token.text().replace("_", ""))));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesised();
            case "[" -> new Literals.SeriesOf(Value.Series.Kind.LIST, items("]"));
            case "{" -> mapping();
            default -> throw noExpression(token);
          };
      case DATA, OPEN_PRINT, CLOSE_PRINT, OPEN_TAG, CLOSE_TAG, END -> throw noExpression(token);
    };
  }

  private static TemplateException noExpression(Token token) {
    return TokenStream.wrong(token, "expected an expression, found " + token.described());
  }

  private static Expression name(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Literals.Constant(Value.bool(true));
      case "false", "False" -> new Literals.Constant(Value.bool(false));
      case "none", "None" -> new Literals.Constant(Value.None.NONE);
      default -> new Lookups.Name(token.text());
    };
  }

  /** Strings that follow each other are one. */
  private Expression string(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (tokens.isAt(Token.Kind.STRING)) {
      text.append(tokens.take().text());
    }
    return new Literals.Constant(Value.text(text.toString()));
  }

  private static Expression integer(Token token) {
    return new Literals.Constant(new Value.Whole(new BigInteger(token.text().replace("_", ""))));
  }

  private Expression parenthesised() {
    if (tokens.skipOperator(")")) {
      return new Literals.SeriesOf(Value.Series.Kind.TUPLE, List.of());
    }
    Expression value = tuple();
    tokens.expectOperator(")");
    return value;
  }

  /** The rest of a tuple, from the first comma; a comma may end it. */
  private Expression tupleAfter(Expression first) {
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",")) {
      if (tokens.isAt(Token.Kind.CLOSE_TAG)
          || tokens.isAt(Token.Kind.CLOSE_PRINT)
          || tokens.isAtOperator(")")
          || tokens.isAtOperator("]")) {
        break;
      }
      items.add(expression());
    }
    return new Literals.SeriesOf(Value.Series.Kind.TUPLE, items);
  }

  private List<Expression> items(String close) {
    List<Expression> items = new ArrayList<>();
    while (!tokens.skipOperator(close)) {
      if (!items.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.skipOperator(close)) {
          break;
        }
      }
      items.add(expression());
    }
    return items;
  }

  private Expression mapping() {
    List<Literals.MappingOf.Entry> entries = new ArrayList<>();
    while (!tokens.skipOperator("}")) {
      if (!entries.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.skipOperator("}")) {
          break;
        }
      }
      Expression key = expression();
      tokens.expectOperator(":");
      entries.add(new Literals.MappingOf.Entry(key, expression()));
    }
    return new Literals.MappingOf(entries);
  }
}
