package dev.polyphase.phases.training;

import dev.polyphase.fixtures.GoldenModel;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A model and six rows, one a step, for phases that move: enough to move twice and go on.
 *
 * @param folder where the rows lie
 * @param base the model's checkpoint
 */
record SixRows(Path folder, Path base) {
  private static final int[] LENGTHS = {30, 17, 24, 40, 21, 33};

  static SixRows of(Path folder, GoldenModel fixture) {
    return new SixRows(folder, fixture.copyTo(folder));
  }

  /** Writes the rows; stores the model in this type, F32 or BF16. */
  SftRun run(ElementType type, Set<String> trained) throws IOException {
    if (type == ElementType.BF16) {
      HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    }
    return new SftRun(folder, base, trained).withRows(LENGTHS);
  }

  /** Two rows for each of three phases. */
  List<List<String>> inThree() throws IOException {
    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    return List.of(rows.subList(0, 2), rows.subList(2, 4), rows.subList(4, 6));
  }

  MovesByHand byHand() {
    return new MovesByHand(
        base, folder.resolve("by-hand"), Arrays.stream(LENGTHS).boxed().toList());
  }
}
