package dev.polyphase.jinja;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;

/**
 * A Jinja2 template, parsed; it renders as in Hugging Face's sandbox. Safe for use by several
 * threads.
 */
public final class Template {
  private static final String MESSAGES = "messages";

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

  private static Value tracked(Value messages, BiConsumer<Integer, String> read) {
    if (!(messages instanceof Value.Series list)) {
      return messages;
    }
    List<Value> tracked = new ArrayList<>();
    for (int i = 0; i < list.items().size(); i++) {
      int message = i;
      tracked.add(
          list.items().get(i) instanceof Value.Mapping mapping
              ? new Value.Mapping(
                  new TrackedMap(mapping.entries(), key -> read.accept(message, key)))
              : list.items().get(i));
    }
    return Value.list(tracked);
  }

  private static Set<String> words(List<Token> tokens) {
    return tokens.stream()
        .filter(token -> token.kind() == Token.Kind.NAME || token.kind() == Token.Kind.STRING)
        .map(Token::text)
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * The text that the template writes.
   *
   * @param variables what it sees beside its functions; names it does not know are ignored
   * @param clock what {@code strftime_now} reads
   * @throws TemplateException where it can't be rendered with these values, calls {@code
   *     raise_exception}, or takes more time and memory than a chat needs
   */
  public String render(ObjectNode variables, Clock clock) {
    return render(variables, clock, (message, key) -> {});
  }

  /**
   * The same, for one who must know what the template looks at.
   *
   * @param read hears of each key of a message that is asked for: the message's number, from 0, and
   *     the key
   * @throws TemplateException as {@link #render(ObjectNode, Clock)} does
   */
  public String render(ObjectNode variables, Clock clock, BiConsumer<Integer, String> read) {
    Budget budget = Budget.begin();
    Run run = new Run(clock, budget);
    Output output = new Output();
    try {
      Map<String, Value> values = new HashMap<>(Globals.byName());
      variables
          .properties()
          .forEach(entry -> values.put(entry.getKey(), Json.value(entry.getValue())));
      values.computeIfPresent(MESSAGES, (name, messages) -> tracked(messages, read));
      budget.takeAsGiven();
      body.execute(new Scope(run, values), output);
    } catch (Fault fault) {
      throw new TemplateException(run.position(), sentence(fault));
    } catch (StackOverflowError e) {
      throw new TemplateException(run.position(), "the template nests too deeply");
    } finally {
      Budget.end();
    }
    return output.toString();
  }

  private static String sentence(Fault fault) {
    String sentence = String.valueOf(fault.getMessage());
    return sentence.length() <= Limits.MAX_MESSAGE
        ? sentence
        : sentence.substring(0, Limits.MAX_MESSAGE) + "...";
  }
}
