package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses what follows an operand: attributes, subscripts and calls; then filters and tests. */
final class PostfixParser {
  private static final Set<String> NO_TEST_ARGUMENT = Set.of("else", "or", "and", "is");

  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private final PrimaryParser primaries;

  PostfixParser(TokenStream tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
    this.primaries = new PrimaryParser(tokens, expressions);
  }

  /** An operand with its attributes, subscripts and calls. */
  Expression operand() {
    return withPostfix(primaries.primary());
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
      case INTEGER -> new Lookups.Item(at, object, PrimaryParser.integer(name));
      case DATA, OPEN_PRINT, CLOSE_PRINT, OPEN_TAG, CLOSE_TAG, STRING, FLOAT, OPERATOR, END ->
          throw TokenStream.wrong(
              name, "expected a name after the point, found " + name.described());
    };
  }

  private Expression subscript(Position at, Expression object) {
    @Nullable Expression start = sliceBound();
    if (start != null && !tokens.isAtOperator(":")) {
      Expression key = tokens.isAtOperator(",") ? expressions.tupleAfter(start) : start;
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
    return tokens.isAtOperator(":") || tokens.isAtOperator("]") ? null : expressions.expression();
  }

  /** An operand with the filters and tests that follow it. */
  Expression withFilters(Expression start) {
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
    return bare ? new Invocations.Passed(List.of(operand()), Map.of(), null, null) : passedIfAny();
  }

  /** What is passed to a call, from its opening parenthesis to its closing one. */
  Invocations.Passed passed() {
    tokens.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    @Nullable Expression more = null;
    @Nullable Expression moreNamed = null;
    boolean isFirst = true;
    while (!tokens.skipOperator(")")) {
      if (!isFirst) {
        tokens.expectOperator(",");
        if (tokens.skipOperator(")")) {
          break;
        }
      }
      isFirst = false;
      if (moreNamed == null && more == null && tokens.skipOperator("*")) {
        more = expressions.expression();
      } else if (moreNamed == null && tokens.skipOperator("**")) {
        moreNamed = expressions.expression();
      } else if (moreNamed == null && isNamed()) {
        Token name = tokens.take();
        tokens.take();
        if (named.put(name.text(), expressions.expression()) != null) {
          throw TokenStream.wrong(name, "the argument '" + name.text() + "' is given twice");
        }
      } else if (named.isEmpty() && more == null && moreNamed == null) {
        positional.add(expressions.expression());
      } else {
        throw tokens.unexpected(
            moreNamed == null
                ? "an argument with a name, since those before it have one"
                : "')', since nothing follows the argument after **");
      }
    }
    return new Invocations.Passed(List.copyOf(positional), named, more, moreNamed);
  }

  private boolean isNamed() {
    Token following = tokens.following();
    return tokens.isAt(Token.Kind.NAME)
        && following.kind() == Token.Kind.OPERATOR
        && following.text().equals("=");
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
}
