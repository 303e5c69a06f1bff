package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Steps in transformers are ours: the same weights, tokens, clipping and updates give the same
 * losses. Where there is no Python for it, this is said.
 */
@EnabledOnOs(OS.LINUX)
class TransformersStepTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "tiny, FULL, TRANSFORMERS, KEPT, FLOAT32, 1, 1e-5",
    "tiny, SPECTRUM_25, TRANSFORMERS_SPECTRUM_25, RECOMPUTED, FLOAT32, 2, 1e-5",
    "tiny, FULL, TRANSFORMERS, RECOMPUTED, BFLOAT16, 1, 1e-2",
    "qwen3-0.6b, FULL, TRANSFORMERS, KEPT, FLOAT32, 1, 1e-4",
  })
  void givesOurLosses(
      String shape,
      TrainCase ours,
      TrainCase theirs,
      Activations activations,
      Precision precision,
      int passes,
      double tolerance)
      throws IOException {
    List<String> places = Collections.nCopies(passes, "cpu");
    TrainSetup setup =
        TrainSetup.random(shape(shape), places, precision, folder.resolve("model"))
            .with(activations, places.size(), real());
    try (BenchStep step = ours.open(setup);
        BenchStep held = theirs.open(setup)) {
      double before = Double.POSITIVE_INFINITY;
      for (int i = 0; i < 3; i++) {
        step.run();
        held.run();
        double loss = step.lastLoss().orElseThrow();
        assertThat(held.lastLoss().orElseThrow()).isCloseTo(loss, within(tolerance));
        assertThat(held.ownSeconds().orElseThrow()).isPositive();
        assertThat(loss).isLessThan(before);
        before = loss;
      }
    }
  }

  @Test
  void whatItDoesNotKnowIsASentence() throws IOException {
    TrainSetup setup =
        TrainSetup.random(shape("tiny"), List.of("cpu"), Precision.FLOAT32, folder)
            .with(Activations.KEPT, 1, real());
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"llama\"", "\"lama\""));

    assertThatThrownBy(() -> TrainCase.TRANSFORMERS.open(setup))
        .isInstanceOf(TransformersStep.FailedException.class)
        .hasMessageContainingAll("transformers ", "does not load this model", "lama");
  }

  @Test
  void aPythonThatFailsIsSaidInItsLastWords() throws IOException {
    TrainSetup setup = TrainSetup.random(shape("tiny"), List.of("cpu"), Precision.FLOAT32, folder);
    TransformersPeer broken =
        new TransformersPeer(
            Optional.of(program("echo begin >&2; echo 'libfoo is missing' >&2; exit 1")),
            Map.of(),
            Optional.empty());
    assertThatThrownBy(() -> TrainCase.TRANSFORMERS.open(setup.with(Activations.KEPT, 1, broken)))
        .isInstanceOf(TransformersStep.FailedException.class)
        .hasMessage("libfoo is missing");

    // It answers when it is there, and then ends.
    TransformersPeer mute =
        new TransformersPeer(Optional.of(program("echo '{}'; exit 3")), Map.of(), Optional.empty());
    try (BenchStep step = TrainCase.TRANSFORMERS.open(setup.with(Activations.KEPT, 1, mute))) {
      assertThatThrownBy(step::run)
          .isInstanceOf(TransformersStep.FailedException.class)
          .hasMessage("its process ended with 3");
    }
  }

  @Test
  void aPythonThatCannotBeStartedIsLeftOut() throws IOException {
    TrainSetup setup = TrainSetup.random(shape("tiny"), List.of("cpu"), Precision.FLOAT32, folder);
    Path none = folder.resolve("none");
    TransformersPeer gone = new TransformersPeer(Optional.of(none), Map.of(), Optional.empty());

    assertThatThrownBy(() -> TrainCase.TRANSFORMERS.open(setup.with(Activations.KEPT, 1, gone)))
        .isInstanceOf(TransformersStep.FailedException.class)
        .hasMessageStartingWith(none + " can't be started: ");
  }

  @Test
  void aLossThatIsNotFiniteIsNone() throws IOException {
    TrainSetup setup = TrainSetup.random(shape("tiny"), List.of("cpu"), Precision.FLOAT32, folder);
    Path python = program("echo '{}'; read step; echo '{\"seconds\": 2, \"loss\": null}'");
    TransformersPeer peer = new TransformersPeer(Optional.of(python), Map.of(), Optional.empty());

    try (BenchStep step = TrainCase.TRANSFORMERS.open(setup.with(Activations.KEPT, 1, peer))) {
      step.run();

      assertThat(step.lastLoss()).isEmpty();
      assertThat(step.ownSeconds()).hasValue(2);
    }
  }

  @Test
  void aPythonWithoutItsPackagesIsNone() throws IOException {
    Path bare = program("echo python 3.11.7; echo torch 2.13.0");
    TransformersPeer peer =
        TransformersPeer.find(Optional.of(bare.toString()), Programs.ofThisProcess());
    assertThat(peer.whyNot())
        .hasValue(bare + " has no transformers; name one by --python or POLYPHASE_PYTHON");
    assertThat(peer.versions()).isEqualTo(Map.of("python", "3.11.7", "torch", "2.13.0"));

    Path other = program("echo python 3.11.7; echo torch 2.13.0; echo transformers 5.24.0");
    Programs told = new Programs(Map.of("PATH", "", "POLYPHASE_PYTHON", other.toString()));
    TransformersPeer found = TransformersPeer.find(Optional.empty(), told);
    assertThat(found.python()).hasValue(other);
    assertThat(found.whyNot()).isEmpty();
    assertThat(TransformersPeer.find(Optional.of("/none"), told).whyNot())
        .hasValueSatisfying(why -> assertThat(why).startsWith("there is no program /none; "));

    Path mute = program("exit 1");
    assertThat(
            TransformersPeer.find(Optional.of(mute.toString()), Programs.ofThisProcess()).whyNot())
        .hasValueSatisfying(why -> assertThat(why).startsWith(mute + " is no Python"));
  }

  private Path program(String script) throws IOException {
    Path file = Files.createTempFile(folder, "python", "");
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private static TransformersPeer real() {
    String python = System.getenv("POLYPHASE_TEST_TRL");
    assumeTrue(python != null, "POLYPHASE_TEST_TRL names no Python with torch and transformers");
    TransformersPeer peer = TransformersPeer.find(Optional.of(python), Programs.ofThisProcess());
    assumeTrue(peer.whyNot().isEmpty(), peer.whyNot().orElse(""));
    return peer;
  }

  private static DecoderShape shape(String name) {
    return KnownShapes.named(name, OptionalInt.of(2), 12, 2).orElseThrow();
  }
}
