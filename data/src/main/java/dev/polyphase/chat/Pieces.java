package dev.polyphase.chat;

import dev.polyphase.jinja.Rendering;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a conversation's text that say what its messages and variables say, in order. What
 * is between them belongs to the template: so do roles, the name of an assistant and special
 * tokens, wherever it has them from.
 */
final class Pieces {
  /** Whose a piece is that comes from no message. */
  static final int NO_MESSAGE = -1;

  private static final String MESSAGES = "/messages/";
  private static final String CALLS = "/" + Message.TOOL_CALLS + "/";

  /**
   * A part of the text.
   *
   * @param start its first UTF-16 unit
   * @param end the first after it
   * @param message the index of its message, or {@link #NO_MESSAGE}
   */
  record Piece(int start, int end, int message) {}

  private final List<Piece> all;
  private final List<Piece> roles;

  private Pieces(List<Piece> all, List<Piece> roles) {
    this.all = all;
    this.roles = roles;
  }

  /** Those of a conversation. Neighbours of one message are one piece. */
  static Pieces of(Rendering rendering, Conversation conversation) {
    List<Piece> runs = new ArrayList<>();
    List<Piece> roles = new ArrayList<>();
    Set<String> called = new HashSet<>();
    @Nullable Piece run = null;
    for (Rendering.Origin origin : rendering.origins()) {
      String pointer = origin.pointer();
      int message = messageOf(pointer);
      String key = message == NO_MESSAGE ? "" : keyOf(pointer);
      if (isSpecialToken(pointer)) {
        continue;
      }
      if (isHead(key, message, conversation)) {
        roles.add(new Piece(origin.start(), origin.end(), message));
        continue;
      }
      // The name of a call is often written again in front of what the tool answers.
      boolean again = key.startsWith(CALLS) && !called.add(pointer);
      if (run != null && run.message() == message) {
        Piece longer = new Piece(run.start(), origin.end(), message);
        run = longer;
        if (!again) {
          runs.set(runs.size() - 1, longer);
        }
      } else {
        run = new Piece(origin.start(), origin.end(), message);
        if (!again) {
          runs.add(run);
        } else {
          run = null;
        }
      }
    }
    return new Pieces(runs, roles);
  }

  private static boolean isSpecialToken(String pointer) {
    return pointer.endsWith("_token") && pointer.lastIndexOf('/') == 0;
  }

  private static boolean isHead(String key, int message, Conversation conversation) {
    return key.equals("/" + Message.ROLE)
        || (key.equals("/name") && conversation.messages().get(message).isAssistant());
  }

  private static int messageOf(String pointer) {
    if (!pointer.startsWith(MESSAGES)) {
      return NO_MESSAGE;
    }
    int end = pointer.indexOf('/', MESSAGES.length());
    return Integer.parseInt(pointer, MESSAGES.length(), end < 0 ? pointer.length() : end, 10);
  }

  /** What follows the message's index. */
  private static String keyOf(String pointer) {
    int end = pointer.indexOf('/', MESSAGES.length());
    return end < 0 ? "" : pointer.substring(end);
  }

  /** All of them. */
  List<Piece> all() {
    return all;
  }

  /** The number of the first piece that begins at or after a place, or of all. */
  int firstFrom(int start) {
    int low = 0;
    int high = all.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (all.get(middle).start() < start) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The message of the last piece, or of the last role, that begins before a place. */
  int lastMessageBefore(int start) {
    int message = NO_MESSAGE;
    int from = -1;
    for (List<Piece> pieces : List.of(all, roles)) {
      for (Piece piece : pieces) {
        if (piece.start() < start && piece.start() > from && piece.message() != NO_MESSAGE) {
          message = piece.message();
          from = piece.start();
        }
      }
    }
    return message;
  }

  /** Where the last piece of a message ends; -1 where it has none. */
  int endOf(int message) {
    for (int i = all.size() - 1; i >= 0; i--) {
      if (all.get(i).message() == message) {
        return all.get(i).end();
      }
    }
    return -1;
  }
}
