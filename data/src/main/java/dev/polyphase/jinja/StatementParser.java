package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses a template: text, prints and tags. */
final class StatementParser {
  private final TokenStream tokens;
  private final ExpressionParser expressions;

  private StatementParser(List<Token> tokens) {
    this.tokens = new TokenStream(tokens);
    this.expressions = new ExpressionParser(this.tokens);
  }

  /**
   * The tree of a template.
   *
   * @throws TemplateException where it is malformed
   */
  static Statements.Body parse(List<Token> tokens) {
    return new StatementParser(tokens).template();
  }

  private Statements.Body template() {
    Statements.Body body = body(Set.of());
    if (!tokens.isAt(Token.Kind.END)) {
      throw unknownTag();
    }
    return body;
  }

  /** The statements before the end or a tag of one of these names, whose name is next. */
  private Statements.Body body(Set<String> ends) {
    List<Statement> statements = new ArrayList<>();
    while (!tokens.isAt(Token.Kind.END)) {
      Token token = tokens.take();
      switch (token.kind()) {
        case DATA -> statements.add(new Statements.Data(token.at(), token.text()));
        case OPEN_PRINT -> {
          statements.add(new Statements.Print(token.at(), expressions.tuple()));
          tokens.expect(Token.Kind.CLOSE_PRINT, "'}}'");
        }
        case OPEN_TAG -> {
          if (tokens.isAt(Token.Kind.NAME) && ends.contains(tokens.current().text())) {
            return new Statements.Body(statements);
          }
          statements.add(tag());
        }
        case CLOSE_PRINT, CLOSE_TAG, NAME, STRING, INTEGER, FLOAT, OPERATOR, END ->
            throw TokenStream.wrong(token, "unexpected " + token.described());
      }
    }
    if (!ends.isEmpty()) {
      throw tokens.unexpected(ends.stream().sorted().map(end -> "{% " + end + " %}").toList());
    }
    return new Statements.Body(statements);
  }

  private Statement tag() {
    Token name = tokens.expect(Token.Kind.NAME, "a tag's name");
    return switch (name.text()) {
      case "if" -> ifStatement();
      case "for" -> forLoop(name.at());
      case "set" -> set();
      case "macro" -> macro();
      case "call" -> callBlock(name.at());
      case "filter" -> filterBlock(name.at());
      case "with" -> with();
      case "generation" -> {
        closeTag();
        yield new Statements.Generation(bodyUntil("endgeneration"));
      }
      case "break" -> jump(Statement.Flow.BREAK);
      case "continue" -> jump(Statement.Flow.CONTINUE);
      default -> throw unknownTag(name);
    };
  }

  private Statement ifStatement() {
    List<Statements.If.Branch> branches = new ArrayList<>();
    Statements.Body otherwise = new Statements.Body(List.of());
    String tag = "if";
    while (!tag.equals("endif")) {
      if (tag.equals("else")) {
        closeTag();
        otherwise = body(Set.of("endif"));
      } else {
        Expression condition = expressions.expression();
        closeTag();
        branches.add(new Statements.If.Branch(condition, body(Set.of("elif", "else", "endif"))));
      }
      tag = tokens.take().text();
    }
    closeTag();
    return new Statements.If(branches, otherwise);
  }

  private Statement forLoop(Position at) {
    Target target = target("in");
    tokens.expectName("in");
    Expression first = expressions.disjunction();
    @Nullable Expression condition = tokens.skipName("if") ? expressions.expression() : null;
    if (tokens.isAtName("recursive")) {
      throw TokenStream.wrong(tokens.current(), "recursive loops are not built");
    }
    closeTag();
    Statements.Body body = body(Set.of("else", "endfor"));
    Statements.Body otherwise = new Statements.Body(List.of());
    if (tokens.take().text().equals("else")) {
      closeTag();
      otherwise = bodyUntil("endfor");
    } else {
      closeTag();
    }
    return new ForLoop(at, target, first, condition, body, otherwise);
  }

  private Statement set() {
    Target target = target("=");
    if (tokens.skipOperator("=")) {
      Expression value = expressions.tuple();
      closeTag();
      return new Statements.Set(target, value);
    }
    Expression text = new Lookups.Name(Macro.Captured.TEXT);
    Expression result = tokens.isAtOperator("|") ? expressions.operands().filtered(text) : text;
    closeTag();
    return new Macro.Captured(bodyUntil("endset"), target, result);
  }

  private Statement filterBlock(Position at) {
    Expression text = new Lookups.Name(Macro.Captured.TEXT);
    Expression result = expressions.operands().filter(at, text);
    if (tokens.isAtOperator("|")) {
      result = expressions.operands().filtered(result);
    }
    closeTag();
    return new Macro.Captured(bodyUntil("endfilter"), null, result);
  }

  private Statement with() {
    List<Statements.Set> variables = new ArrayList<>();
    while (!tokens.isAt(Token.Kind.CLOSE_TAG)) {
      if (!variables.isEmpty()) {
        tokens.expectOperator(",");
      }
      Target target = singleTarget();
      tokens.expectOperator("=");
      variables.add(new Statements.Set(target, expressions.expression()));
    }
    closeTag();
    return new Statements.Block(variables, bodyUntil("endwith"));
  }

  private Statement macro() {
    String name = tokens.expect(Token.Kind.NAME, "the macro's name").text();
    List<Macro.Parameter> parameters = parameters();
    closeTag();
    return new Macro(name, parameters, bodyUntil("endmacro"));
  }

  private Statement callBlock(Position at) {
    List<Macro.Parameter> parameters = tokens.isAtOperator("(") ? parameters() : List.of();
    Token start = tokens.current();
    if (!(expressions.expression() instanceof Invocations.Call call)) {
      throw TokenStream.wrong(start, "expected a call of a macro");
    }
    closeTag();
    Macro caller = new Macro("caller", parameters, bodyUntil("endcall"));
    return new Macro.CallBlock(at, caller, call);
  }

  private List<Macro.Parameter> parameters() {
    List<Macro.Parameter> parameters = new ArrayList<>();
    tokens.expectOperator("(");
    while (!tokens.skipOperator(")")) {
      if (!parameters.isEmpty()) {
        tokens.expectOperator(",");
      }
      String name = tokens.expect(Token.Kind.NAME, "a parameter's name").text();
      @Nullable Expression otherwise = tokens.skipOperator("=") ? expressions.expression() : null;
      parameters.add(new Macro.Parameter(name, otherwise));
    }
    return parameters;
  }

  private Statement jump(Statement.Flow flow) {
    closeTag();
    return new Statements.Jump(flow);
  }

  /** A target, or several with commas between them, up to a token of this text. */
  private Target target(String end) {
    Position at = tokens.current().at();
    Target first = singleTarget();
    if (!tokens.isAtOperator(",")) {
      return first;
    }
    List<Target> targets = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",")) {
      if (tokens.current().text().equals(end)) {
        break;
      }
      targets.add(singleTarget());
    }
    return new Target.Several(at, targets);
  }

  private Target singleTarget() {
    if (tokens.skipOperator("(")) {
      Target inner = target(")");
      tokens.expectOperator(")");
      return inner;
    }
    Token name = tokens.expect(Token.Kind.NAME, "a variable's name");
    if (tokens.skipOperator(".")) {
      String attribute = tokens.expect(Token.Kind.NAME, "an attribute's name").text();
      return new Target.Attribute(name.at(), name.text(), attribute);
    }
    return new Target.Name(name.text());
  }

  private Statements.Body bodyUntil(String end) {
    Statements.Body body = body(Set.of(end));
    tokens.take();
    closeTag();
    return body;
  }

  private void closeTag() {
    tokens.expect(Token.Kind.CLOSE_TAG, "'%}'");
  }

  private TemplateException unknownTag() {
    return unknownTag(tokens.current());
  }

  private static TemplateException unknownTag(Token name) {
    return TokenStream.wrong(name, "there is no tag '" + name.text() + "' here");
  }
}
