package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of the shipped program that meets a row with which it can't go on. */
class FailedRunTest {
  /** Of the letter z, whose embedding is no number. */
  private static final int POISON = 'z';

  @TempDir Path folder;

  @Test
  void namesTheRowAndGoesOnWithoutIt() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors.ofFloats(
            Checkpoint.open(base),
            (name, values) -> {
              if (name.equals("model.embed_tokens.weight")) {
                values[POISON * 64] = Float.NaN;
              }
            })
        .writeTo(base);
    Path rows = folder.resolve("rows.jsonl");
    Files.writeString(rows, "{\"text\": \"sound\"}\n{\"text\": \"lazy\"}\n{\"text\": \"good\"}\n");
    Path yaml =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            name: p
            base_model: tiny-llama
            phases:
              - name: one
                type: cpt
                targeting: {method: parameters, unfrozen_parameters: [model.layers.1.mlp]}
                datasets: [{path: rows.jsonl}]
                learning_rate: 1.0e-3
                shuffle: false
            """);
    String[] command = {"run", yaml.toString(), "--output", folder.resolve("runs").toString()};

    Polyphase.Ended failed = Polyphase.execute(command);

    Path phase = folder.resolve("runs/p/phase-01-one");
    assertThat(failed.exitCode()).isEqualTo(1);
    List<String> lines = failed.messages().lines().toList();
    assertThat(lines.get(lines.size() - 1))
        .isEqualTo(
            "phase one: the loss of step 2 is NaN; its rows are in %s, and the model of step 1 in %s; the phase began with weights that hold NaN or infinity (model.embed_tokens.weight in %s), which no setting mends; start from sound ones"
                .formatted(phase.resolve("failed-step.json"), phase.resolve("last-good"), base));
    assertThat(Polyphase.json(phase.resolve("failed-step.json")).at("/rows/0/line").intValue())
        .isEqualTo(2);
    assertThat(Polyphase.json(folder.resolve("runs/p/run.json")).path("status").textValue())
        .isEqualTo("failed");
    Polyphase.Ended scored =
        Polyphase.execute(
            "score", phase.resolve("last-good").toString(), "--input", rows.toString());
    assertThat(scored.exitCode()).as(scored.messages()).isZero();

    Files.writeString(rows, "{\"text\": \"sound\"}\n{\"text\": \"good\"}\n");
    Polyphase.Ended other = Polyphase.execute(command);
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.messages())
        .contains("the data file rows.jsonl has changed since the phase one began; ");
    FolderTree.remove(phase.resolve("checkpoints"));
    Polyphase.Ended repaired = Polyphase.execute(command);

    assertThat(repaired.exitCode()).as(repaired.messages()).isZero();
    assertThat(phase.resolve("model")).isDirectory();
    assertThat(repaired.messages())
        .contains(
            "phase one ended at step 2, whose loss was NaN and whose rows are in %s; it begins anew\n"
                .formatted(phase.resolve("failed-step.json")));
    assertThat(phase.resolve("last-good.old-1/model.safetensors")).exists();
    assertThat(phase.resolve("failed-step.old-1.json")).exists();
    assertThat(phase.resolve("last-good")).doesNotExist();
    assertThat(phase.resolve("failed-step.json")).doesNotExist();
  }
}
