package dev.polyphase.phases.api;

import dev.polyphase.pipelines.problems.Place;

/** A row as it is trained on, for people to look at. The arrays are not copied. */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public sealed interface ShownRow {

  /** Where it was read. */
  Place place();

  /** What metrics call its dataset. */
  String dataset();

  /**
   * A row of cpt or sft, or a piece of one.
   *
   * @param ids its tokens
   * @param labels as many: at each token that carries loss its id, elsewhere -100
   */
  record Tokens(Place place, String dataset, int[] ids, int[] labels) implements ShownRow {}

  /**
   * A pair of dpo.
   *
   * @param prompt what both completions follow
   * @param chosen the preferred completion
   * @param rejected the other one
   */
  record Pair(Place place, String dataset, int[] prompt, int[] chosen, int[] rejected)
      implements ShownRow {}

  /**
   * A judged completion of kto.
   *
   * @param prompt what it follows
   * @param completion what is judged
   * @param desirable whether it is wanted
   */
  record Judged(Place place, String dataset, int[] prompt, int[] completion, boolean desirable)
      implements ShownRow {}
}
