package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.families.PublishedConfigs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sources that a family's kernel is put together from. */
class BlockSourcesTest {
  /** What {@link Blocks} calls; all other methods are called by one of them. */
  private static final Set<String> ENTRIES = Set.of("forward", "told", "traced", "backward", "vjp");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        PublishedConfigs.LLAMA_3_1_8B,
        PublishedConfigs.MISTRAL_7B_V0_1,
        PublishedConfigs.QWEN2_5_7B,
        PublishedConfigs.QWEN3_8B
      })
  void holdEachMethodOnceAndNoneThatIsNotCalled(String config) throws IOException {
    Path file = Files.writeString(folder.resolve("config.json"), config);
    for (DecoderBlock block : ConfigReader.readFile(file).blocks()) {
      StringBuilder kernel = new StringBuilder();
      for (String source : block.sources()) {
        String text = read(source);
        if (!source.equals("block.py")) {
          // What it is stands above it in the kernel.
          assertThat(text).as(source).startsWith("  # ---- ");
        }
        kernel.append(text);
      }

      List<String> defined = found("def (\\w+)\\(", kernel);
      Set<String> needed = new HashSet<>(found("\\(self\\)\\.(\\w+)\\(", kernel));
      needed.addAll(ENTRIES);
      assertThat(defined).containsExactlyInAnyOrderElementsOf(needed);
    }
  }

  private static List<String> found(String pattern, CharSequence text) {
    List<String> found = new ArrayList<>();
    for (MatchResult match : Pattern.compile(pattern).matcher(text).results().toList()) {
      found.add(match.group(1));
    }
    return found;
  }

  private static String read(String source) throws IOException {
    try (InputStream in = DecoderBlock.class.getResourceAsStream(source)) {
      assertThat(in).as(source).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
