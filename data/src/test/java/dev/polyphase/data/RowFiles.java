package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What tests of files ask for. */
final class RowFiles {
  private RowFiles() {}

  /** A file that {@code make_rows.py} wrote, or its folder. */
  static Path made(String name) {
    try {
      return Path.of(RowFiles.class.getResource("make_rows.py").toURI()).resolveSibling(name);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A dataset of which only its path is given. */
  static Dataset dataset(String path) {
    return new Dataset(path, RowType.AUTO, 1);
  }

  /** A dataset with some of its keys. */
  static Dataset dataset(String path, String name, String split, String revision, String where) {
    Dataset plain = dataset(path);
    return new Dataset(
        path,
        RowType.AUTO,
        Optional.ofNullable(name),
        Optional.ofNullable(split),
        Optional.ofNullable(revision),
        Optional.ofNullable(where),
        Optional.empty(),
        1,
        List.of(),
        Map.of(),
        plain.fields(),
        plain.roles(),
        plain.loss());
  }

  /** Rows that hold a condition, each as its place within the file and its fields. */
  static List<String> rows(Path file, String where) throws IOException {
    List<String> rows = new ArrayList<>();
    try (RowFile opened = RowFile.open(file, dataset(file.toString(), null, null, null, where))) {
      for (RawRow raw = opened.next(); raw != null; raw = opened.next()) {
        JsonRow row = JsonRow.of(raw);
        rows.add(row.place().toString().replace(file.toString(), "") + " " + row.fields());
      }
    }
    return rows;
  }

  static List<String> rows(Path file) throws IOException {
    return rows(file, null);
  }

  static List<JsonNode> fields(Path file) throws IOException {
    List<JsonNode> fields = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> fields.add(row.fields()));
    problems.throwIfAny();
    return fields;
  }

  /** What is wrong with a file or its rows, without the file's own name. */
  static List<String> problems(Path file, String where) {
    Dataset dataset = dataset(file.toString(), null, null, null, where);
    return catchThrowableOfType(
            InputException.class,
            () -> {
              RowProblems problems = new RowProblems();
              JsonRows.read(file, dataset, problems, row -> {});
              problems.throwIfAny();
            })
        .problems()
        .stream()
        .map(problem -> problem.toString().replace(file.toString(), ""))
        .toList();
  }

  static List<String> problems(Path file) {
    return problems(file, null);
  }

  static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }
}
