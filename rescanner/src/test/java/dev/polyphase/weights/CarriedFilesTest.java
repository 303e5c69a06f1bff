package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.fixtures.Fifo;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a new checkpoint has of its base beside the weights. */
class CarriedFilesTest {
  @TempDir Path temporary;

  @Test
  void everythingButWeightsIsCarriedOver() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    List<String> carried =
        List.of(
            "LICENSE",
            ".gitattributes",
            "additional_chat_templates/tool.jinja",
            "chat_template.jinja",
            "model_snr.json",
            "original/params.json",
            "original/deep/tokenizer.model",
            "training_args.bin",
            "vocab.bin");
    List<String> leftBehind =
        List.of(
            ".cache/huggingface/x.json",
            ".git/config",
            "adapter_config.json",
            "adapter_model.safetensors",
            "consolidated.safetensors",
            "flax_model.msgpack",
            "model-Q4_K.GGUF",
            "model-00009-of-00009.safetensors",
            "model.fp16.safetensors",
            "model.safetensors.index.fp16.json",
            "model.safetensors.index.json",
            "onnx/model.onnx",
            "onnx/model.onnx_data",
            "optimizer.pt",
            "original/consolidated.00.pth",
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "tf_model.h5",
            "x.ckpt");
    for (String file : Stream.concat(carried.stream(), leftBehind.stream()).toList()) {
      Files.createDirectories(base.resolve(file).getParent());
      Files.writeString(base.resolve(file), "bytes of " + file);
    }
    Files.createSymbolicLink(base.resolve("merges.txt"), Path.of("vocab.bin"));
    Files.createSymbolicLink(base.resolve("gone.txt"), temporary.resolve("nowhere"));
    Files.createSymbolicLink(base.resolve("loop"), base);
    Files.setPosixFilePermissions(
        base.resolve("LICENSE"), PosixFilePermissions.fromString("r--r--r--"));

    Path target = temporary.resolve("new");
    CheckpointWriter.write(Checkpoint.open(base), target, Map.of(), Map.of());

    assertThat(files(target))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    carried.stream(),
                    Stream.of(
                        "config.json",
                        "generation_config.json",
                        "merges.txt",
                        "model.safetensors",
                        "tokenizer.json",
                        "tokenizer_config.json"))
                .toList());
    for (String file : files(target)) {
      if (!file.equals("model.safetensors")) {
        assertThat(target.resolve(file)).hasSameBinaryContentAs(base.resolve(file));
      }
    }
    assertThat(target.resolve("onnx")).doesNotExist();
    assertThat(Files.isSymbolicLink(target.resolve("merges.txt"))).isFalse();
    assertThat(Files.getPosixFilePermissions(target))
        .isEqualTo(Files.getPosixFilePermissions(base));
  }

  @Test
  void nobodyMayReadACopyWhoMayNotReadTheFile() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    Files.writeString(base.resolve("LICENSE"), "mine");
    Files.writeString(base.resolve("notes.txt"), "mine");
    for (String name : List.of("LICENSE", "config.json", "model.safetensors")) {
      Files.setPosixFilePermissions(
          base.resolve(name), PosixFilePermissions.fromString("rw-------"));
    }
    Files.setPosixFilePermissions(
        base.resolve("notes.txt"), PosixFilePermissions.fromString("r--------"));

    Path target = temporary.resolve("new");
    JsonEdit edit = JsonEdit.replacing(Map.of("vocab_size", IntNode.valueOf(7)));
    CheckpointWriter.write(Checkpoint.open(base), target, Map.of(), Map.of("config.json", edit));

    for (String name : List.of("LICENSE", "config.json", "model.safetensors", "notes.txt")) {
      assertThat(Files.getPosixFilePermissions(target.resolve(name)))
          .as(name)
          .isEqualTo(Files.getPosixFilePermissions(base.resolve(name)));
    }
  }

  @Test
  @Timeout(60)
  void whatCantBeCarriedOverIsNamedBeforehand() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    Path fifo = Fifo.make(base.resolve("NOTICE"));
    Path closed = Files.writeString(base.resolve("LICENSE"), "mine");
    Files.setPosixFilePermissions(closed, Set.of());
    List<String> expected = new ArrayList<>();
    expected.add(fifo + ": this is a FIFO, and a file is needed");
    // Root may read it.
    if (!Files.isReadable(closed)) {
      expected.add(
          closed + ": you may not read this (permission denied); have its permissions changed");
    }

    Checkpoint checkpoint = Checkpoint.open(base);
    assertThatThrownBy(
            () -> CheckpointWriter.requireCarried(checkpoint, temporary.resolve("no/such/place")))
        .isInstanceOfSatisfying(
            InputException.class,
            wrong ->
                assertThat(wrong.problems())
                    .extracting(Problem::toString)
                    .containsExactlyInAnyOrderElementsOf(expected));
  }

  @Test
  void aCheckpointCanBeWrittenBelowItsBase() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    Path phase = Files.createDirectories(base.resolve("runs/r/phase-01"));
    Files.writeString(phase.resolve("snr.json"), "{}");

    CheckpointWriter.write(Checkpoint.open(base), phase.resolve("model"), Map.of(), Map.of());

    assertThat(files(phase))
        .containsExactlyInAnyOrder(
            "snr.json",
            "model/config.json",
            "model/generation_config.json",
            "model/model.safetensors",
            "model/tokenizer.json",
            "model/tokenizer_config.json");
  }

  @Test
  void configChangesTouchNothingElse() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    String config =
        """
        {  "torch_dtype" : "float32",
          "rope_theta": 1000000.00, "big": 123456789012345678901234567890.10, "x": NaN,
          "text_config": {"torch_dtype": "float32"},\t"name": "Äffchen \\u00e4",
          "architectures": ["A"], "dtype": null, "tied":true , "ends": {"a": [1, {}]},"end": -2.50
        }
        """;
    Files.writeString(base.resolve("config.json"), config);

    CheckpointWriter.write(
        Checkpoint.open(base),
        temporary.resolve("new"),
        Map.of(),
        Map.of(
            "config.json",
            JsonEdit.replacing(
                Map.of(
                    "torch_dtype",
                    TextNode.valueOf("bfloat16"),
                    "dtype",
                    TextNode.valueOf("a \"quoted\""),
                    "tied",
                    BooleanNode.FALSE,
                    "ends",
                    IntNode.valueOf(7),
                    "end",
                    new ObjectMapper().createArrayNode().add(1).add(2),
                    "absent",
                    TextNode.valueOf("x")))));

    assertThat(Files.readString(temporary.resolve("new/config.json")))
        .isEqualTo(
            config
                .replaceFirst("\"float32\"", "\"bfloat16\"")
                .replace("null", "\"a \\\\\"quoted\\\\\"\"".replace("\\\\", "\\"))
                .replace("\"tied\":true ,", "\"tied\":false ,")
                .replace("{\"a\": [1, {}]}", "7")
                .replace("-2.50", "[1,2]"));
  }

  @Test
  void keysThatAreSetAreAddedWhereTheyAreMissing() throws IOException {
    Path base = Fixture.LLAMA.copyTo(temporary);
    ObjectNode ends = new ObjectMapper().createObjectNode();
    ends.putArray("eos_token_id").add(258).add(256);
    ends.put("pad_token_id", 256);
    Map<String, JsonNode> set = new LinkedHashMap<>();
    ends.properties().forEach(entry -> set.put(entry.getKey(), entry.getValue()));

    assertThat(edited(base, "{\n    \"a\": 1.50,\n    \"eos_token_id\": 256\n}\n", set))
        .isEqualTo(
            "{\n    \"a\": 1.50,\n    \"eos_token_id\": [258,256],\n    \"pad_token_id\": 256\n}\n");
    assertThat(edited(base, "{\"a\": {\"eos_token_id\": 1}}", set))
        .isEqualTo(
            "{\"a\": {\"eos_token_id\": 1},\"eos_token_id\": [258,256],\"pad_token_id\": 256}");
    assertThat(edited(base, "{ }", set))
        .isEqualTo("{\n  \"eos_token_id\": [258,256],\n  \"pad_token_id\": 256\n }");
    assertThat(edited(base, null, set))
        .isEqualTo("{\n  \"eos_token_id\": [258,256],\n  \"pad_token_id\": 256\n}\n");
  }

  /** A generation config after an edit; null for one that is not there. */
  private String edited(Path base, @Nullable String text, Map<String, JsonNode> set)
      throws IOException {
    String name = "generation_config.json";
    if (text == null) {
      Files.delete(base.resolve(name));
    } else {
      Files.writeString(base.resolve(name), text);
    }
    Path target = Files.createTempDirectory(temporary, "edited").resolve("model");
    CheckpointWriter.write(
        Checkpoint.open(base), target, Map.of(), Map.of(name, new JsonEdit(Map.of(), set)));
    return Files.readString(target.resolve(name));
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      return paths
          .filter(Files::isRegularFile)
          .map(path -> folder.relativize(path).toString())
          .toList();
    }
  }
}
