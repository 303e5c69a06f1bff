package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Slips that a declaration of a key may hold. */
class DeclarationsTest {
  private static final Set<String> NAMES =
      PipelineFile.allKeys().map(DeclaredKey::name).collect(Collectors.toSet());

  @Test
  void keysThatAreNamedExist() {
    assertThat(
            PipelineFile.allKeys()
                .map(DeclaredKey::key)
                .flatMap(
                    key ->
                        Stream.concat(
                            Stream.of(key.after(), key.rival(), key.alone()),
                            Arrays.stream(key.unless())))
                .filter(name -> !name.isEmpty()))
        .isNotEmpty()
        .isSubsetOf(NAMES);
  }

  @Test
  void noMappingHasTwoKeysOfOneName() {
    assertThat(mappings(PipelineFile.SHAPE.keys()))
        .hasSizeGreaterThan(8)
        .allSatisfy(keys -> assertThat(keys).extracting(key -> key.name()).doesNotHaveDuplicates());
  }

  private static Stream<List<DeclaredKey<?>>> mappings(List<DeclaredKey<?>> keys) {
    return Stream.concat(
        Stream.of(keys),
        keys.stream()
            .flatMap(key -> key.forms().stream())
            .map(Form::keysIn)
            .filter(within -> !within.isEmpty())
            .flatMap(DeclarationsTest::mappings));
  }

  /** A list of lists is no value of any key. */
  @ParameterizedTest
  @MethodSource("spellings")
  void everySpellingIsRead(String spelling) {
    String pipeline =
        """
        base_model: {}
        %1$s: [[]]
        phases:
          - name: one
            type: dpo
            adapter: {}
            datasets: [{path: a, %1$s: [[]]}]
            %1$s: [[]]
        """
            .formatted(spelling);

    InputException problems =
        catchThrowableOfType(
            InputException.class, () -> PipelineReader.parse(pipeline, "demo", List.of()));

    assertThat(problems.getMessage().lines().filter(line -> line.contains("is no key")))
        .as("it is one of the pipeline, of a phase or of a dataset")
        .hasSize(2)
        .allMatch(line -> line.contains(spelling));
  }

  static Stream<String> spellings() {
    return PipelineFile.allKeys()
        .flatMap(key -> Arrays.stream(key.key().also()))
        .map(spelling -> spelling.replace("../", ""))
        .distinct();
  }
}
