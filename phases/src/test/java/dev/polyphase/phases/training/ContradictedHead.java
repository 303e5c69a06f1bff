package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A configuration that calls a head tied although the weights hold another. */
final class ContradictedHead {
  static final String TIED = "\"tie_word_embeddings\": true";
  static final String UNTIED = "\"tie_word_embeddings\": false";

  private ContradictedHead() {}

  /** Writes it into the folder of a model with an untied head. */
  static void put(Path model) throws IOException {
    Path config = model.resolve("config.json");
    String untied = Files.readString(config);
    assertThat(untied).containsOnlyOnce(UNTIED);
    Files.writeString(config, untied.replace(UNTIED, TIED));
  }
}
