package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.JsonRow;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.reports.RowPage;
import dev.polyphase.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Rows as they are trained on, as text. */
final class PreviewText {
  private static final String GREEN = "\u001b[32m";
  private static final String GREY = "\u001b[90m";
  private static final String PLAIN = "\u001b[0m";

  private final Tokenizer tokenizer;
  private final boolean ids;

  /**
   * For the tokens of one model.
   *
   * @param ids whether the tokens' numbers are shown
   */
  PreviewText(Tokenizer tokenizer, boolean ids) {
    this.tokenizer = tokenizer;
    this.ids = ids;
  }

  /**
   * A row as JSON: its file and line, and its tokens with their labels, those of a pair, or those
   * of a judged completion with its label.
   */
  static ObjectNode json(String phase, ShownRow row) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("phase", phase)
        .put("dataset", row.dataset())
        .put("file", row.place().file())
        .put("line", row.place().line());
    if (row instanceof ShownRow.Tokens tokens) {
      put(node, "input_ids", tokens.ids());
      put(node, "labels", tokens.labels());
    } else if (row instanceof ShownRow.Pair pair) {
      put(node, "prompt_input_ids", pair.prompt());
      put(node, "chosen_input_ids", pair.chosen());
      put(node, "rejected_input_ids", pair.rejected());
    } else if (row instanceof ShownRow.Judged judged) {
      put(node, "prompt_input_ids", judged.prompt());
      put(node, "completion_input_ids", judged.completion());
      node.put("label", judged.desirable());
    }
    return node;
  }

  private static void put(ObjectNode node, String key, int[] numbers) {
    ArrayNode list = node.putArray(key);
    for (int number : numbers) {
      list.add(number);
    }
  }

  /** A row in pieces, each of tokens that all carry loss or all do not. */
  RowPage.Row row(String phase, ShownRow row) {
    List<RowPage.Part> parts = new ArrayList<>();
    if (row instanceof ShownRow.Tokens tokens) {
      parts.add(part("", tokens.ids(), tokens.labels(), false));
    } else if (row instanceof ShownRow.Pair pair) {
      parts.add(prompt(pair.prompt()));
      parts.add(completion("chosen", pair.chosen(), pair.prompt()));
      parts.add(completion("rejected", pair.rejected(), pair.prompt()));
    } else if (row instanceof ShownRow.Judged judged) {
      parts.add(prompt(judged.prompt()));
      parts.add(
          completion(
              judged.desirable() ? "desirable completion" : "undesirable completion",
              judged.completion(),
              judged.prompt()));
    }
    return new RowPage.Row(phase, row.dataset(), row.place().toString(), parts);
  }

  private RowPage.Part prompt(int[] tokens) {
    int[] none = new int[tokens.length];
    Arrays.fill(none, JsonRow.NO_LOSS);
    return part("prompt", tokens, none, false);
  }

  private RowPage.Part completion(String name, int[] tokens, int[] prompt) {
    return part(name, tokens, tokens, prompt.length > 0);
  }

  /**
   * A part of a row.
   *
   * @param follows whether something comes before its first token, from which that is predicted
   */
  private RowPage.Part part(String name, int[] tokens, int[] labels, boolean follows) {
    List<RowPage.Piece> pieces = new ArrayList<>();
    int learned = 0;
    String before = "";
    int start = 0;
    while (start < tokens.length) {
      boolean carries = carriesLoss(labels, start, follows);
      int end = start + 1;
      while (end < tokens.length && carriesLoss(labels, end, follows) == carries) {
        end++;
      }
      learned += carries ? end - start : 0;
      // Some tokenizers drop a space where a text begins: a piece is what it adds to those before.
      String upToHere = tokenizer.textOf(Arrays.copyOf(tokens, end));
      int same = commonStart(before, upToHere);
      String numbers =
          ids
              ? Arrays.stream(tokens, start, end)
                  .mapToObj(Integer::toString)
                  .collect(Collectors.joining(" "))
              : "";
      pieces.add(new RowPage.Piece(upToHere.substring(same), carries, numbers));
      before = upToHere;
      start = end;
    }
    return new RowPage.Part(name, tokens.length, learned, pieces);
  }

  private static boolean carriesLoss(int[] labels, int token, boolean follows) {
    return (token > 0 || follows) && labels[token] != JsonRow.NO_LOSS;
  }

  private static int commonStart(String one, String other) {
    int same = 0;
    while (same < Math.min(one.length(), other.length())
        && one.charAt(same) == other.charAt(same)) {
      same++;
    }
    return same;
  }

  /**
   * A row for a terminal or a file.
   *
   * @param colored whether what carries loss is green, rather than in brackets
   */
  static String lines(RowPage.Row row, boolean colored) {
    StringBuilder text = new StringBuilder();
    for (RowPage.Part part : row.parts()) {
      String name = part.name().isEmpty() ? "" : ", " + part.name();
      text.append(
          "%s%s (%s, %s): %,d tokens, %,d carry loss%n"
              .formatted(
                  PlainText.of(row.place()),
                  name,
                  row.phase(),
                  PlainText.of(row.dataset()),
                  part.tokens(),
                  part.learned()));
      for (RowPage.Piece piece : part.pieces()) {
        String shown = PlainText.linesOf(piece.text().replace("\n", "\u21b5\n"));
        if (colored) {
          text.append(piece.learned() ? GREEN : GREY).append(shown).append(PLAIN);
        } else {
          text.append(piece.learned() ? "\u27e6" + shown + "\u27e7" : shown);
        }
      }
      text.append('\n');
      for (RowPage.Piece piece : part.pieces()) {
        if (!piece.ids().isEmpty()) {
          text.append(piece.learned() ? "  loss:    " : "  no loss: ")
              .append(piece.ids())
              .append('\n');
        }
      }
    }
    return text.append('\n').toString();
  }
}
