package dev.polyphase.orchestrator.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A Dockerfile as its instructions, in stages.
 *
 * @param stages in their order
 */
record Dockerfile(List<Stage> stages) {

  /**
   * What begins with a FROM.
   *
   * @param image what it is from
   * @param name what it is called; empty for none
   * @param instructions those that follow
   */
  record Stage(String image, String name, List<Instruction> instructions) {
    /** The last instruction of a kind, which counts. */
    Optional<String> last(String keyword) {
      return all(keyword).stream().reduce((before, last) -> last);
    }

    List<String> all(String keyword) {
      return instructions.stream()
          .filter(instruction -> instruction.keyword().equals(keyword))
          .map(Instruction::arguments)
          .toList();
    }
  }

  /**
   * One instruction.
   *
   * @param keyword as {@code RUN}
   * @param arguments the rest of it, in one line
   */
  record Instruction(String keyword, String arguments) {}

  static Dockerfile read(Path file) throws IOException {
    List<Stage> stages = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String part : Files.readAllLines(file)) {
      if (part.startsWith("#") || part.isBlank()) {
        continue;
      }
      if (part.endsWith("\\")) {
        line.append(part, 0, part.length() - 1).append(' ');
        continue;
      }
      line.append(part);
      String[] words = line.toString().strip().split("\\s+", 2);
      if (words[0].equals("FROM")) {
        String[] from = words[1].split("\\s+", -1);
        stages.add(new Stage(from[0], from.length == 3 ? from[2] : "", new ArrayList<>()));
      } else {
        stages.get(stages.size() - 1).instructions().add(new Instruction(words[0], words[1]));
      }
      line.setLength(0);
    }
    return new Dockerfile(stages);
  }

  /** The one that becomes the image. */
  Stage result() {
    return stages.get(stages.size() - 1);
  }
}
