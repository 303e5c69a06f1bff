package dev.polyphase.data;

import static dev.polyphase.data.RowFiles.made;
import static dev.polyphase.data.RowFiles.problems;
import static dev.polyphase.data.RowFiles.rows;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conditions in SQL choose rows, which keep their places. */
class WhereTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"common.parquet", "common.arrow", "common-zstd.arrow"})
  void columnsAreOfTheirTypes(String name) throws IOException {
    Path file = made(name);
    List<String> all = rows(file);
    assertThat(rows(file, "small > 3")).containsExactly(all.get(2));
    assertThat(rows(file, "n = 9007199254740993 AND flag")).containsExactly(all.get(0));
    assertThat(rows(file, "u IS NULL OR u = 0")).containsExactly(all.get(1), all.get(2));
    assertThat(rows(file, "len(messages) = 2 AND messages[1].role = 'user'"))
        .containsExactly(all.get(0));
    assertThat(rows(file, "text LIKE '%😀' -- and no more")).containsExactly(all.get(0));
    assertThat(rows(file, "day > DATE '2000-01-01' AND year(\"time\") = 2024"))
        .containsExactly(all.get(0));
    assertThat(rows(file, "price < -10.5 AND kind IS NULL")).containsExactly(all.get(2));
    assertThat(rows(file, "score = '-infinity'::DOUBLE AND NOT isnan(score)"))
        .containsExactly(all.get(1));
    assertThat(problems(file, "n < -9999999999999999999"))
        .containsExactly(
            ": this file has no rows of which n < -9999999999999999999 holds (where); leave it out");
  }

  @Test
  void valuesOfTablesAreTextsThatCompareWithNumbers() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("a.csv"), "text,score\n\"a\nb\",0.7\nc,\nd,1e1\ne,-3\nf,x,y\n");
    assertThat(problems(file, "score > 0.5"))
        .containsExactly(
            ":7: this row has 3 fields, and the first line of the file 2; a field that holds a"
                + " separator stands in double quotes");
    Files.writeString(file, "text,score,n\n\"a\nb\",0.7,1\nc,,2\nd,1e1,3\ne,-3,4\n");
    assertThat(rows(file, "score > 0.5"))
        .containsExactly(
            ":2 {\"text\":\"a\\nb\",\"score\":\"0.7\",\"n\":\"1\"}",
            ":5 {\"text\":\"d\",\"score\":\"1e1\",\"n\":\"3\"}");
    assertThat(rows(file, "n = 2 OR length(text) = 3")).hasSize(2);
    assertThat(rows(file, "score IS NULL")).hasSize(1);
    assertThat(rows(file, "score LIKE '-%'")).hasSize(1);
    assertThat(rows(file, "n::INT % 2 = 0")).hasSize(2);
  }

  @Test
  void manyRowsKeepTheirOrderAndPlaces() throws IOException {
    StringBuilder text = new StringBuilder("n\n");
    for (int i = 0; i < 10_000; i++) {
      text.append(i).append('\n');
    }
    Path file = Files.writeString(folder.resolve("a.csv"), text);
    List<String> rows = rows(file, "n % 3 = 1");
    assertThat(rows).hasSize(3333);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(rows.get(i)).isEqualTo(":%d {\"n\":\"%d\"}", 3 * i + 3, 3 * i + 1);
    }
    Files.writeString(file, text + "many\n");
    assertThat(problems(file, "n > 5"))
        .containsExactly(
            ":10002: where: n > 5 can't be said of each row: a value can't be converted; TRY_CAST"
                + " makes it null");
    assertThat(rows(file, "TRY_CAST(n AS INT) >= 9999")).containsExactly(":10001 {\"n\":\"9999\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"common.parquet", "common.arrow"})
  void wrongConditionsAreSaidByTheirKey(String name) {
    Path file = made(name);
    String columns =
        "text, messages, score, small, n, u, byte, flag, price, time, moment, day, kind, tags,"
            + " counts, nothing";
    assertThat(problems(file, "lenght > 3"))
        .containsExactly(
            ": where: lenght > 3 asks for lenght, and the columns are %s; a text stands in single quotes"
                .formatted(columns));
    assertThat(problems(file, "n >"))
        .containsExactly(": where: n > is no condition in SQL on the columns " + columns);
    assertThat(problems(file, "size_of(text) > 3"))
        .containsExactly(
            ": where: size_of(text) > 3 asks for size_of, which is no function of DuckDB's SQL");
    assertThat(problems(file, "text > 3"))
        .containsExactly(
            ": where: text > 3 compares VARCHAR with INTEGER; convert one, as in"
                + " TRY_CAST(COLUMN AS DOUBLE)");
    assertThat(problems(file, "text::INT > 3").get(0))
        .contains("where: text::INT > 3 can't be said of each row: a value can't be converted");
    assertThat(problems(file, "sum(n) > 3")).hasSize(1).allMatch(p -> p.contains(": where: "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"common.parquet", "common.arrow"})
  void aConditionReadsAndWritesNothingElse(String name) throws IOException {
    Path file = made(name);
    Path other = Files.writeString(folder.resolve("other.csv"), "n\n1\n");
    Path out = folder.resolve("out.csv");
    for (String where :
        List.of(
            "(SELECT count(*) FROM '" + other + "') > 0",
            "(SELECT count(*) FROM read_text('" + other + "')) > 0",
            "(SELECT count(*) FROM glob('" + folder + "/*')) > 0",
            "true); COPY (SELECT 1) TO '" + out + "'; SELECT (true",
            "true) UNION ALL SELECT 1, content FROM read_blob('" + other + "') WHERE (true",
            "true); SET enable_external_access = true; SELECT (true")) {
      assertThat(problems(file, where))
          .as(where)
          .singleElement()
          .asString()
          .startsWith(": where: ");
    }
    assertThat(out).doesNotExist();
  }

  @Test
  void conditionsAreForFilesOfColumns() throws IOException {
    String sentence =
        ": where: a condition is for files of Parquet, CSV and Arrow, and this is none; leave it"
            + " out";
    Path json = Files.writeString(folder.resolve("a.jsonl"), "{\"n\": 1}\n");
    assertThat(problems(json, "n = 1")).containsExactly(sentence);
    Path text = Files.writeString(folder.resolve("a.txt"), "a\n");
    assertThat(problems(text, "text = 'a'")).containsExactly(sentence);
  }
}
