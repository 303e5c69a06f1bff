package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Parses what an expression is made of: names, literals, and what stands in brackets. */
final class PrimaryParser {
  private final TokenStream tokens;
  private final ExpressionParser expressions;

  PrimaryParser(TokenStream tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  /** A name, a literal, a list, a mapping, or an expression in parentheses. */
  Expression primary() {
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

  /** A whole number, of any size. */
  static Expression integer(Token token) {
    if (token.text().length() > Limits.MAX_BITS / 4) {
      throw TokenStream.wrong(token, "the number has more digits than can be taken");
    }
    return new Literals.Constant(new Value.Whole(new BigInteger(token.text().replace("_", ""))));
  }

  private Expression parenthesised() {
    if (tokens.skipOperator(")")) {
      return new Literals.SeriesOf(Value.Series.Kind.TUPLE, List.of());
    }
    Expression value = expressions.tuple();
    tokens.expectOperator(")");
    return value;
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
      items.add(expressions.expression());
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
      Expression key = expressions.expression();
      tokens.expectOperator(":");
      entries.add(new Literals.MappingOf.Entry(key, expressions.expression()));
    }
    return new Literals.MappingOf(entries);
  }
}
