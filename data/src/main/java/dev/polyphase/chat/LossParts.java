package dev.polyphase.chat;

import dev.polyphase.chat.RenderedChat.Part;
import dev.polyphase.jinja.Rendering;
import dev.polyphase.pipelines.LossOn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Decides which parts of a conversation's text carry loss. */
final class LossParts {
  /** Names that roles go by in templates. */
  private static final Map<String, String> ROLES =
      Map.of(
          "developer", "system",
          "ipython", "tool",
          "function", "tool",
          "observation", "tool",
          "tool_response", "tool",
          "model", "assistant");

  private final Written chat;
  private final LossOn loss;
  private final Turns turns;
  private final SpecialTokens tokens;
  private final boolean[] wanted;
  private final int from;

  private LossParts(Written chat, LossOn loss, int from, Turns turns, SpecialTokens tokens) {
    this.chat = chat;
    this.loss = loss;
    this.from = from;
    this.turns = turns;
    this.tokens = tokens;
    this.wanted = wanted(chat.conversation().messages(), loss, from);
  }

  /**
   * The parts that carry loss.
   *
   * @param from the first message that may
   */
  static RenderedChat of(Written chat, LossOn loss, int from, Turns turns, SpecialTokens tokens) {
    LossParts parts = new LossParts(chat, loss, from, turns, tokens);
    return RenderedChat.of(chat.text(), parts.parts());
  }

  /** Whether anything of these messages may carry loss. */
  static boolean any(List<Message> messages, LossOn loss) {
    return loss.trainOnInputs()
        || messages.stream()
            .anyMatch(message -> message.learned().isPresent() || isTrained(message, loss));
  }

  private static boolean[] wanted(List<Message> messages, LossOn loss, int from) {
    boolean[] wanted = new boolean[messages.size()];
    int last = -1;
    for (int i = from; i < wanted.length; i++) {
      Message message = messages.get(i);
      wanted[i] = message.learned().orElse(loss.trainOnInputs() || isTrained(message, loss));
      last = wanted[i] ? i : last;
    }
    if (loss.lastTurnOnly()) {
      Arrays.fill(wanted, 0, Math.max(0, last), false);
    }
    return wanted;
  }

  private static boolean isTrained(Message message, LossOn loss) {
    String role = message.role();
    return loss.rolesToTrain().contains(role)
        || loss.rolesToTrain().contains(ROLES.getOrDefault(role, role));
  }

  private List<Part> parts() {
    if (loss.trainOnInputs() && !loss.lastTurnOnly()) {
      return everything();
    }
    List<Part> parts = new ArrayList<>();
    List<Rendering.Span> spans = chat.rendering().generated();
    boolean marked = !spans.isEmpty();
    int last = last();
    for (Rendering.Span span : spans) {
      int owner = owner(span);
      if (wanted[owner]) {
        boolean hasEnd = hasEnd(owner, last);
        parts.add(new Part(span.start(), hasEnd ? span.end() : withoutEnd(span)));
      }
    }
    boolean allEnds = loss.trainOnEos() == LossOn.Ends.ALL;
    List<Turns.Turn> found =
        turns.of(
            chat,
            i ->
                wanted[i]
                    ? !marked || !chat.conversation().messages().get(i).isAssistant()
                    : allEnds && i >= from);
    for (Turns.Turn turn : found) {
      boolean hasEnd = hasEnd(turn.message(), last);
      int start = wanted[turn.message()] ? turn.start() : turn.endToken();
      parts.add(new Part(start, hasEnd ? turn.end() : turn.endToken()));
    }
    return parts;
  }

  private int last() {
    int last = wanted.length - 1;
    while (last >= 0 && !wanted[last]) {
      last--;
    }
    return last;
  }

  private boolean hasEnd(int message, int last) {
    return switch (loss.trainOnEos()) {
      case TURN, ALL -> true;
      case LAST -> message == last;
      case NONE -> false;
    };
  }

  /** All of the text but the turns that say they are not to be learned. */
  private List<Part> everything() {
    boolean ends = loss.trainOnEos() != LossOn.Ends.NONE;
    List<Part> without = new ArrayList<>();
    for (Turns.Turn turn : turns.of(chat, i -> !ends || isRefused(i))) {
      int start = isRefused(turn.message()) ? turn.start() : turn.endToken();
      without.add(new Part(start, turn.end()));
    }
    RenderedChat others = RenderedChat.of(chat.text(), without);
    List<Part> parts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < others.starts().length; i++) {
      parts.add(new Part(start, others.starts()[i]));
      start = others.ends()[i];
    }
    parts.add(new Part(start, chat.text().length()));
    return parts;
  }

  private boolean isRefused(int message) {
    return !chat.conversation().messages().get(message).learned().orElse(true);
  }

  /** Whose a part is that the template says the model writes. */
  private int owner(Rendering.Span span) {
    List<Message> messages = chat.conversation().messages();
    List<Pieces.Piece> pieces = chat.pieces().all();
    for (Pieces.Piece piece : pieces) {
      boolean within = piece.start() < span.end() && piece.end() > span.start();
      if (within && piece.message() >= 0 && messages.get(piece.message()).isAssistant()) {
        return piece.message();
      }
    }
    int before = chat.pieces().lastMessageBefore(span.start());
    int owner = Math.max(0, before);
    while (owner < messages.size() && !messages.get(owner).isAssistant()) {
      owner++;
    }
    return owner < messages.size() ? owner : Math.max(0, before);
  }

  private int withoutEnd(Rendering.Span span) {
    String text = chat.text().substring(span.start(), span.end());
    int said = 0;
    for (Pieces.Piece piece : chat.pieces().all()) {
      if (piece.end() > span.start() && piece.end() <= span.end()) {
        said = piece.end() - span.start();
      }
    }
    List<Part> special = tokens.in(text.substring(said));
    return special.isEmpty()
        ? span.end()
        : span.start() + said + special.get(special.size() - 1).start();
  }
}
