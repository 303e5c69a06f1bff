package dev.polyphase.prepared;

import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Rows that were refused.
 *
 * @param reasons how many, by what is wrong with them
 * @param first the first of them, up to {@link #SHOWN}
 */
record BadRows(Map<String, Long> reasons, List<RejectedRow> first) {
  /** How many a user is shown. */
  static final int SHOWN = 20;

  BadRows {
    reasons = Collections.unmodifiableMap(new LinkedHashMap<>(reasons));
    first = List.copyOf(first);
  }

  long count() {
    return reasons.values().stream().mapToLong(Long::longValue).sum();
  }

  /** {@code 12 not JSON, 3 unknown role}: the commonest first. */
  String inWords() {
    return reasons.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .map(entry -> "%,d %s".formatted(entry.getValue(), entry.getKey()))
        .collect(Collectors.joining(", "));
  }

  /**
   * That there are too many.
   *
   * @param sentence how many of which
   * @param rules how many may be
   */
  InputException refusal(String sentence, Rows rules) {
    List<Problem> problems = new ArrayList<>();
    first.forEach(row -> problems.add(new Problem(row.place(), row.sentence())));
    String remedy =
        rules.strict()
            ? "mend them, or take strict away to have a few left out"
            : "mend them, or raise max_bad_ratio, which is %s".formatted(rules.maxBadRatio());
    problems.add(new Problem(null, "%s (%s); %s".formatted(sentence, inWords(), remedy)));
    return new InputException(problems);
  }
}
