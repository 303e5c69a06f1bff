package dev.polyphase.chat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.Pieces.Piece;
import dev.polyphase.chat.RenderedChat.Part;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds which part of a conversation's text is which turn: from the end of the head that the
 * template writes to ask for it, to the token that ends it.
 *
 * <p>What a message says is where its pieces are. What is between two of them is the template's: of
 * that, the end of the turn before, and the head of the next. To tell these apart the conversation
 * is rendered up to there, with and without a generation prompt. The texts between pieces are few
 * in any data, so that what was found is remembered.
 */
final class Turns {
  private static final int MOST_REMEMBERED = 10_000;
  private static final String ASSISTANT = "assistant";

  /**
   * What opens a thought. Where a generation prompt does so for the model, it is learned all the
   * same, as in TRL: whether a prompt does so depends on settings.
   */
  private static final Pattern THOUGHT =
      Pattern.compile(
          "[<\\[][^<>\\[\\]\\s/]{0,24}think[^<>\\[\\]\\s]{0,24}[>\\]]|<\\|channel>thought",
          Pattern.CASE_INSENSITIVE);

  private final ChatTemplate template;
  private final SpecialTokens tokens;
  private final Map<String, Integer> heads = new ConcurrentHashMap<>();
  private final Map<String, Part> ends = new ConcurrentHashMap<>();
  private final Set<String> endTokens = ConcurrentHashMap.newKeySet();

  /** What follows a user's text where an assistant is asked; null where that can't be rendered. */
  private final @Nullable String prompt;

  /** How many characters of it are there only where an assistant is asked. */
  private final int promptLength;

  private final boolean promptOpensThought;

  /**
   * A part of a conversation's text that is a message's, or a part of such a turn.
   *
   * @param message whose
   * @param start what follows the head, in UTF-16 units
   * @param endToken where the token begins that ends the turn; the end where there is none
   * @param end the end, with that token
   */
  record Turn(int message, int start, int endToken, int end) {}

  Turns(ChatTemplate template, SpecialTokens tokens) {
    this.template = template;
    this.tokens = tokens;
    Conversation user = new Conversation(List.of(new Message("user", "Hi")));
    String asked = tail(user, Form.AS_DOCUMENTED, true, 0);
    String unasked = tail(user, Form.AS_DOCUMENTED, false, 0);
    this.prompt = asked == null ? null : withoutThought(asked);
    this.promptLength =
        asked == null || unasked == null ? 0 : asked.length() - common(asked, unasked);
    Conversation answered =
        new Conversation(List.of(new Message("user", "Hi"), new Message("assistant", "Hello")));
    String answer = tail(answered, Form.AS_DOCUMENTED, false, 0);
    this.promptOpensThought =
        asked != null && answer != null && !answer.startsWith(asked) && !asked.equals(prompt);
    if (prompt != null) {
      requireTokens(prompt);
    }
  }

  /**
   * Whether a generation prompt opens a thought that a turn without one does not begin with, so
   * that no turn follows the prompt.
   */
  boolean promptOpensThought() {
    return promptOpensThought;
  }

  /** The texts of the tokens that were seen to end turns of an assistant. */
  Set<String> endTokens() {
    return endTokens;
  }

  /**
   * The turns of some messages, in the text's order; a message may have several parts, or none.
   *
   * @throws InputException without a place, if it can't be told what a message of an assistant is;
   *     with one, if the template writes a token that the tokenizer lacks
   */
  List<Turn> of(Written chat, IntPredicate wanted) {
    List<Turn> turns = new ArrayList<>();
    List<Piece> pieces = chat.pieces().all();
    List<Message> messages = chat.conversation().messages();
    boolean[] said = new boolean[messages.size()];
    for (int p = 0; p < pieces.size(); p++) {
      int message = pieces.get(p).message();
      if (message == Pieces.NO_MESSAGE) {
        continue;
      }
      said[message] = true;
      if (wanted.test(message)) {
        turns.add(turn(chat, p));
      }
    }
    for (int i = 0; i < said.length; i++) {
      if (!said[i] && wanted.test(i) && messages.get(i).isAssistant()) {
        silent(chat, i).ifPresent(turns::add);
      }
    }
    return turns;
  }

  private Turn turn(Written chat, int p) {
    List<Piece> pieces = chat.pieces().all();
    Piece piece = pieces.get(p);
    int message = piece.message();
    @Nullable Piece before = p == 0 ? null : pieces.get(p - 1);
    int from = before == null ? 0 : before.end();
    int to = p + 1 == pieces.size() ? chat.text().length() : pieces.get(p + 1).start();
    boolean isLast = p + 1 == pieces.size() && message == chat.conversation().messages().size() - 1;
    int start =
        chat.conversation().messages().get(message).isAssistant()
            ? from + head(chat, message, before, chat.text().substring(from, piece.start()))
            : piece.start();
    Part end = end(chat, message, before, chat.text().substring(piece.end(), to), isLast);
    return new Turn(message, start, piece.end() + end.start(), piece.end() + end.end());
  }

  /** How much of the text between two pieces is in front of what the assistant says. */
  private int head(Written chat, int message, @Nullable Piece before, String gap) {
    String key = role(chat, before) + '\n' + settings(chat.conversation()) + '\n' + gap;
    Integer known = heads.get(key);
    if (known == null) {
      known = findHead(chat, message, before, gap);
      if (heads.size() < MOST_REMEMBERED) {
        heads.put(key, known);
      }
    }
    return known;
  }

  private int findHead(Written chat, int message, @Nullable Piece before, String gap) {
    int count = before == null ? message : Math.max(message, before.message() + 1);
    String asked = asked(chat, count, before);
    if (asked != null && gap.startsWith(asked)) {
      String rest = gap.substring(asked.length());
      return promptLength > 0 || rest.isBlank()
          ? asked.length()
          : gap.length() - trailingSpaces(gap);
    }
    OptionalHead inGap = promptIn(gap);
    if (inGap.found) {
      return inGap.length;
    }
    boolean goesOn = before != null && role(chat, before).equals(ASSISTANT);
    return goesOn ? 0 : gap.length() - trailingSpaces(gap);
  }

  /** Where the generation prompt ends within a text. */
  private OptionalHead promptIn(String gap) {
    if (prompt != null && promptLength > 0) {
      for (int n = prompt.length(); n >= Math.min(promptLength, prompt.length()); n--) {
        int at = gap.lastIndexOf(prompt.substring(prompt.length() - n));
        if (at >= 0 && n > 0) {
          return new OptionalHead(true, at + n);
        }
      }
    }
    return new OptionalHead(false, 0);
  }

  private record OptionalHead(boolean found, int length) {}

  /** What the template writes after a piece to ask for the next turn; null if it does not. */
  private @Nullable String asked(Written chat, int count, @Nullable Piece before) {
    if (count == 0) {
      return null;
    }
    String tail = tail(chat, count, true, before);
    return tail == null ? null : withoutThought(tail);
  }

  static String withoutThought(String head) {
    Matcher thought = THOUGHT.matcher(head);
    return thought.find() ? head.substring(0, thought.start()) : head;
  }

  /** A token that begins with a space is the first that a model without a prompt says. */
  private static int trailingSpaces(String gap) {
    int spaces = 0;
    while (spaces < gap.length() && gap.charAt(gap.length() - 1 - spaces) == ' ') {
      spaces++;
    }
    return spaces;
  }

  /** Where the end token is in the text that follows a piece, and where the turn ends with it. */
  private Part end(Written chat, int message, @Nullable Piece before, String gap, boolean isLast) {
    String key =
        chat.conversation().messages().get(message).role()
            + (isLast ? "|\n" : "\n")
            + settings(chat.conversation())
            + '\n'
            + gap;
    Part known = ends.get(key);
    if (known == null) {
      int closing = gap.length();
      if (!isLast) {
        int count = 1 + (before == null ? message : Math.max(message, before.message()));
        String alone = tail(chat.conversation().first(count), chat.form(), false, message);
        closing = alone == null ? 0 : common(alone, gap);
      }
      known = endIn(gap, closing);
      note(chat, message, gap, known);
      if (ends.size() < MOST_REMEMBERED) {
        ends.put(key, known);
      }
    }
    return known;
  }

  private void note(Written chat, int message, String gap, Part end) {
    if (chat.conversation().messages().get(message).isAssistant()) {
      requireTokens(gap.substring(0, end.end()));
      if (end.start() < end.end()) {
        endTokens.add(gap.substring(end.start(), end.end()));
      }
    }
  }

  /**
   * The end of a turn in what follows it.
   *
   * @param closing how much of it the template writes where nothing follows: what is after that may
   *     belong to the next turn
   */
  private Part endIn(String gap, int closing) {
    List<Part> special = tokens.in(gap);
    List<Part> closingTokens = within(special, closing);
    if (!closingTokens.isEmpty()) {
      return closingTokens.get(closingTokens.size() - 1);
    }
    if (!special.isEmpty()) {
      // Such as GLM's <|user|>, at which the model stops: the head of the next turn.
      return special.get(0);
    }
    List<Part> others = within(tokens.othersIn(gap), closing);
    if (!others.isEmpty()) {
      return others.get(others.size() - 1);
    }
    int end = gap.substring(0, closing).stripTrailing().length();
    return new Part(end, end);
  }

  private static List<Part> within(List<Part> parts, int end) {
    return parts.stream().filter(part -> part.end() <= end).toList();
  }

  /** The turn of an assistant of which no piece is in the text. */
  private Optional<Turn> silent(Written chat, int message) {
    List<Piece> pieces = chat.pieces().all();
    int p = pieces.size() - 1;
    while (p >= 0 && pieces.get(p).message() >= message) {
      p--;
    }
    @Nullable Piece before = p < 0 ? null : pieces.get(p);
    int from = before == null ? 0 : before.end();
    int to = p + 1 == pieces.size() ? chat.text().length() : pieces.get(p + 1).start();
    String region = chat.text().substring(from, to);
    String written = tail(chat, message + 1, false, before);
    if (written != null && written.equals(tail(chat, message, false, before))) {
      return Optional.empty();
    }
    String asked = asked(chat, message, before);
    int head =
        asked != null && region.startsWith(asked)
            ? asked.length()
            : message == 0 && promptIn(region).found ? promptIn(region).length : -1;
    if (head < 0 || written == null) {
      throw unknown(chat, message);
    }
    String rest = region.substring(head);
    boolean isLast = message == chat.conversation().messages().size() - 1;
    boolean sameHead = written.startsWith(region.substring(0, head));
    int closing = isLast ? rest.length() : sameHead ? common(written.substring(head), rest) : 0;
    Part end = endIn(rest, closing);
    boolean says =
        Message.isGiven(chat.conversation().messages().get(message).fields().path(Message.CONTENT));
    if (end.start() == end.end() || (says && end.end() > closing)) {
      throw unknown(chat, message);
    }
    note(chat, message, rest, end);
    return Optional.of(
        new Turn(message, from + head, from + head + end.start(), from + head + end.end()));
  }

  private static InputException unknown(Written chat, int message) {
    return new InputException(
        "it can't be told what the model says in the turn of %s at [%d], as the chat template writes another text where it is the last; give it a content, or leave it out"
            .formatted(chat.conversation().messages().get(message).role(), message));
  }

  private @Nullable String tail(
      Written chat, int count, boolean addGenerationPrompt, @Nullable Piece after) {
    Conversation first = chat.conversation().first(count);
    if (after != null) {
      return tail(first, chat.form(), addGenerationPrompt, after.message());
    }
    Written written = written(first, chat.form(), addGenerationPrompt);
    return written == null ? null : written.text();
  }

  /** What follows the last piece of a message; null where there is none, or no text at all. */
  private @Nullable String tail(
      Conversation conversation, Form form, boolean addGenerationPrompt, int message) {
    Written written = written(conversation, form, addGenerationPrompt);
    int end = written == null ? -1 : written.pieces().endOf(message);
    return written == null || end < 0 ? null : written.text().substring(end);
  }

  private @Nullable Written written(
      Conversation conversation, Form form, boolean addGenerationPrompt) {
    try {
      return Written.of(template, conversation, form, addGenerationPrompt);
    } catch (TemplateException e) {
      // Not every template takes every beginning of a conversation that it takes as a whole.
      return null;
    }
  }

  private void requireTokens(String text) {
    Optional<String> missing = tokens.missingIn(text);
    if (missing.isPresent()) {
      throw new InputException(
          Place.in(template.name()),
          "the template writes %s, which is no token of the model's tokenizer, so that the model would learn pieces of it; add it to the tokenizer as a special token, or write the conversations out as text"
              .formatted(missing.get()));
    }
  }

  private static String role(Written chat, @Nullable Piece piece) {
    return piece == null || piece.message() == Pieces.NO_MESSAGE
        ? ""
        : chat.conversation().messages().get(piece.message()).role();
  }

  /** What else may change the texts between pieces. */
  private static String settings(Conversation conversation) {
    if (conversation.variables().isEmpty()) {
      return "";
    }
    StringBuilder settings = new StringBuilder();
    for (Map.Entry<String, JsonNode> variable : conversation.variables().properties()) {
      settings.append(variable.getKey());
      if (variable.getValue().isValueNode()) {
        settings.append('=').append(variable.getValue());
      }
      settings.append('\t');
    }
    return settings.toString();
  }

  private static int common(String a, String b) {
    int most = Math.min(a.length(), b.length());
    int same = 0;
    while (same < most && a.charAt(same) == b.charAt(same)) {
      same++;
    }
    return same;
  }
}
