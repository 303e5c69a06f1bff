package dev.polyphase.jinja;

import java.util.List;

/** Tokens to be parsed, from the first to the last. */
final class TokenStream {
  private final List<Token> tokens;
  private int next;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  /** The next token, which stays the next; at the end always the same. */
  Token current() {
    return tokens.get(next);
  }

  /** The token after the next. */
  Token following() {
    return tokens.get(Math.min(next + 1, tokens.size() - 1));
  }

  /** The next token, which is taken. */
  Token take() {
    Token token = current();
    next = Math.min(next + 1, tokens.size() - 1);
    return token;
  }

  /** How many tokens were taken. */
  int position() {
    return next;
  }

  /** Whether a variable of this name stands between a position and the next token. */
  boolean hasVariable(String name, int start) {
    for (int i = start; i < next; i++) {
      Token token = tokens.get(i);
      boolean attribute = i > 0 && tokens.get(i - 1).text().equals(".");
      if (token.kind() == Token.Kind.NAME && token.text().equals(name) && !attribute) {
        return true;
      }
    }
    return false;
  }

  boolean isAt(Token.Kind kind) {
    return current().kind() == kind;
  }

  boolean isAt(Token.Kind kind, String text) {
    return current().kind() == kind && current().text().equals(text);
  }

  boolean isAtOperator(String operator) {
    return isAt(Token.Kind.OPERATOR, operator);
  }

  boolean isAtName(String name) {
    return isAt(Token.Kind.NAME, name);
  }

  /** Takes the operator if it is the next token. */
  boolean skipOperator(String operator) {
    boolean there = isAtOperator(operator);
    if (there) {
      take();
    }
    return there;
  }

  /** Takes the name if it is the next token. */
  boolean skipName(String name) {
    boolean there = isAtName(name);
    if (there) {
      take();
    }
    return there;
  }

  Token expect(Token.Kind kind, String what) {
    if (!isAt(kind)) {
      throw unexpected(what);
    }
    return take();
  }

  Token expectOperator(String operator) {
    if (!isAtOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
    return take();
  }

  void expectName(String name) {
    if (!isAtName(name)) {
      throw unexpected("'" + name + "'");
    }
    take();
  }

  TemplateException unexpected(String expected) {
    return wrong(current(), "expected " + expected + ", found " + current().described());
  }

  TemplateException unexpected(List<String> expected) {
    return unexpected(String.join(" or ", expected));
  }

  static TemplateException wrong(Token at, String sentence) {
    return new TemplateException(at.at(), sentence);
  }
}
