package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PassWorkTest {
  @TempDir Path folder;

  private ModelLayout layout;
  private double values;

  @BeforeEach
  void read() throws IOException {
    layout = new ModelLayout(ConfigReader.read(Checkpoint.open(Fixture.LLAMA.copyTo(folder))));
    values = layout.block(2).values().stream().mapToLong(Parameter::values).sum();
  }

  @Test
  void aBlockIsComputedOnceAndTwiceMoreForItsGradients() {
    Set<String> all = layout.parameters().stream().map(Parameter::name).collect(Collectors.toSet());
    PassWork work = new PassWork(layout, new Trainable(all, Adapters.none()), 0);
    assertThat(work.ofBlock(2, Activations.KEPT)).isEqualTo(3 * values);
    assertThat(work.ofBlock(2, Activations.RECOMPUTED)).isEqualTo(4 * values);
    assertThat(work.ofHead()).isEqualTo(3.0 * 272 * 64);
  }

  @Test
  void aFrozenBlockHasNoGradientOfItsOwnAndBelowTheLowestTrainedOneNoneAtAll() {
    Set<String> one = Set.of("model.layers.1.mlp.up_proj.weight");
    PassWork work = new PassWork(layout, new Trainable(one, Adapters.none()), 1);
    assertThat(work.ofBlock(0, Activations.RECOMPUTED)).isEqualTo(values);
    assertThat(work.ofBlock(2, Activations.KEPT)).isEqualTo(2 * values);
    assertThat(work.ofHead()).isEqualTo(2.0 * 272 * 64);
  }
}
