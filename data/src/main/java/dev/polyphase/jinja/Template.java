package dev.polyphase.jinja;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A Jinja2 template, parsed; it renders as in Hugging Face's sandbox. Safe for use by several
 * threads.
 */
public final class Template {
  private final Statements.Body body;
  private final Set<String> words;

  private Template(Statements.Body body, Set<String> words) {
    this.body = body;
    this.words = words;
  }

  /**
   * Parses a template.
   *
   * @param source its text, of which one line feed at the end does not count
   * @throws TemplateException where it is malformed or uses what is not built
   */
  public static Template parse(String source) {
    if (source.length() > Limits.MAX_SOURCE) {
      throw new TemplateException(
          new Position(1, 1),
          "the template has %,d characters, and at most %,d are taken"
              .formatted(source.length(), Limits.MAX_SOURCE));
    }
    try {
      List<Token> tokens = Lexer.tokens(source);
      return new Template(StatementParser.parse(tokens), words(tokens));
    } catch (StackOverflowError e) {
      throw new TemplateException(new Position(1, 1), "the template nests too deeply");
    }
  }

  /** Whether this stands in the template's code, as a name or a text. */
  public boolean mentions(String word) {
    return words.contains(word);
  }

  private static Set<String> words(List<Token> tokens) {
    return tokens.stream()
        .filter(token -> token.kind() == Token.Kind.NAME || token.kind() == Token.Kind.STRING)
        .map(Token::text)
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * The text that the template writes, and where it comes from.
   *
   * @param variables what it sees beside its functions; names it does not know are ignored
   * @param clock what {@code strftime_now} reads
   * @throws TemplateException where it can't be rendered with these values, calls {@code
   *     raise_exception}, or takes more time and memory than a chat needs
   */
  public Rendering render(ObjectNode variables, Clock clock) {
    Budget budget = Budget.begin();
    Run run = new Run(clock, budget);
    Output output = new Output();
    Source source = Source.ofVariables();
    try {
      Map<String, Value> values = new HashMap<>(Globals.byName());
      variables
          .properties()
          .forEach(
              entry -> {
                String name = entry.getKey();
                values.put(name, Json.value(entry.getValue(), source.entry(name)));
              });
      budget.takeAsGiven();
      body.execute(new Scope(run, values), output);
    } catch (Fault fault) {
      throw new TemplateException(run.position(), sentence(fault));
    } catch (StackOverflowError e) {
      throw new TemplateException(run.position(), "the template nests too deeply");
    } finally {
      Budget.end();
    }
    return output.rendering(source);
  }

  private static String sentence(Fault fault) {
    String sentence = String.valueOf(fault.getMessage());
    return sentence.length() <= Limits.MAX_MESSAGE
        ? sentence
        : sentence.substring(0, Limits.MAX_MESSAGE) + "...";
  }
}
