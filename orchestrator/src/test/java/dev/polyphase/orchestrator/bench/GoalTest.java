package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is made of the parts' figures. */
class GoalTest {
  @Test
  void figuresOfTwoPartsArePutTogether() throws Exception {
    ObjectNode parts =
        (ObjectNode)
            new ObjectMapper()
                .readTree(
                    """
                    {"8b_half": {"cases": {
                       "full": {"seconds": 2, "tokens_per_second": 1300, "mfu": 0.5},
                       "spectrum_25": {"seconds": 1.3}}},
                     "8b_half_transformers": {"cases": {
                       "transformers": {"seconds": 3, "tokens_per_second": 1000}}},
                     "8b_full_recompute": {"cases": {"full": {"seconds": 5, "mfu": 0.4}}},
                     "8b_spectrum_25": {"cases": {"spectrum_25": {"seconds": 2}}},
                     "0.5b_rows_8": {"cases": {"full": {"seconds": 3}}},
                     "0.5b_rows_16": {"cases": {"full": {"seconds": 5}}}}
                    """);

    List<Goal> goals = Goal.all(parts);

    assertThat(goals).extracting(Goal::what).doesNotHaveDuplicates();
    expect(goals, "8B shape, 16 of 32 blocks: tokens/s of full over transformers", 1.3, true);
    expect(goals, "8B shape, 16 of 32 blocks: MFU of full", 0.5, true);
    expect(goals, "8B shape, 16 of 32 blocks: seconds of spectrum_25 over full", 0.65, false);
    expect(goals, "8B: seconds of spectrum_25 over full", 0.4, true);
    expect(goals, "8B: MFU of full", 0.4, false);
    expect(
        goals,
        "0.5B, 8 rows of 500: share of full's seconds that 8 rows more do not double",
        1.0 / 3,
        true);
    assertThat(goals).filteredOn(goal -> goal.found().isPresent()).hasSize(6);
    assertThat(goals).filteredOn(goal -> goal.found().isEmpty()).noneMatch(Goal::met);
  }

  private static void expect(List<Goal> goals, String what, double found, boolean met) {
    assertThat(goals)
        .filteredOn(goal -> goal.what().equals(what))
        .singleElement()
        .satisfies(
            goal -> {
              assertThat(goal.found().orElseThrow()).isCloseTo(found, within(1e-12));
              assertThat(goal.met()).isEqualTo(met);
            });
  }
}
