package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What kto reads of each shape of rows: prompt, completion, and whether that is wanted. */
class JudgedShapesTest {
  private static final String USER = "<|im_start|>user\nhi<|im_end|>\n";
  private static final String HEAD = "<|im_start|>assistant\n";
  private static final String SYSTEM = "<|im_start|>system\nbe<|im_end|>\n";
  private static final String U = "{'role': 'user', 'content': 'hi'}";
  private static final String A = "{'role': 'assistant', 'content': 'yes'}";
  private static final String B = "{'role': 'assistant', 'content': 'no'}";

  @TempDir Path temp;
  private RowLab lab;

  @BeforeEach
  void open() {
    lab = new RowLab(temp);
  }

  @AfterEach
  void close() {
    lab.close();
  }

  /** Prompt, completion and {@code +} or {@code -} of each completion, with bars between. */
  private List<String> read(String keys, String row) throws IOException {
    return lab.kto(keys, row).stream()
        .map(
            judged ->
                "%s|%s|%s"
                    .formatted(
                        RowLab.shown(judged.prompt()),
                        RowLab.shown(judged.completion()),
                        judged.desirable() ? "+" : "-"))
        .toList();
  }

  @Test
  void tokensAreTakenAsTheyAre() throws IOException {
    String ids = "{'prompt_input_ids': [97], 'completion_input_ids': [98, 99], 'label': ";
    assertThat(read("", ids + "true}")).containsExactly("a|bc|+");
    assertThat(read("type: tokens", ids + "false}")).containsExactly("a|bc|-");
    assertThat(read("type: unpaired", ids + "0}")).containsExactly("a|bc|-");
  }

  @ParameterizedTest
  @CsvSource({"true,+", "false,-", "1,+", "0,-"})
  void textsFollowTheirPromptAndEndOnce(String label, String sign) throws IOException {
    for (String end : List.of("", "<|im_end|>")) {
      assertThat(
              read(
                  "",
                  "{'prompt': 'Q:', 'completion': ' yes%s', 'label': %s, 'score': 3}"
                      .formatted(end, label)))
          .containsExactly("Q:| yes<|im_end|>|" + sign);
    }
    assertThat(
            read(
                "type: kto, field_prompt: ask, field_completion: said, field_label: liked",
                "{'ask': 'Q:', 'said': ' yes', 'liked': %s}".formatted(label)))
        .containsExactly("Q:| yes<|im_end|>|" + sign);
    assertThat(read("", "{'prompt': 'Q:', 'completion': ' yes', 'kto_tag': %s}".formatted(label)))
        .containsExactly("Q:| yes<|im_end|>|" + sign);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'prompt': [" + U + "], 'completion': [" + A + "], 'label': false}",
        "{'messages': [" + U + "," + A + "], 'label': false}",
        "{'conversations': [{'from': 'human', 'value': 'hi'}, {'from': 'gpt', 'value': 'yes'}],"
            + " 'kto_tag': false}",
        "{'instruction': 'hi', 'output': 'yes', 'label': false}",
      })
  void turnsFollowTheLastQuestion(String row) throws IOException {
    assertThat(read("", row)).containsExactly(USER + HEAD + "|yes<|im_end|>|-");
  }

  @Test
  void whatTheAssistantSaidEarlierIsOfThePrompt() throws IOException {
    String earlier = USER + HEAD + "no<|im_end|>\n";
    assertThat(read("", "{'messages': [" + String.join(",", U, B, U, A) + "], 'label': true}"))
        .containsExactly(earlier + USER + HEAD + "|yes<|im_end|>|+");
  }

  @Test
  void aSystemMessageMakesTurnsOfTexts() throws IOException {
    assertThat(read("", "{'system': 'be', 'prompt': 'hi', 'completion': 'yes', 'label': true}"))
        .containsExactly(SYSTEM + USER + HEAD + "|yes<|im_end|>|+");
  }

  /** As TRL's unpair_preference_dataset: the preferred one is wanted, the other is not. */
  @Test
  void aPairIsTwoCompletions() throws IOException {
    assertThat(read("", "{'prompt': 'Q:', 'chosen': ' yes', 'rejected': ' no'}"))
        .containsExactly("Q:| yes<|im_end|>|+", "Q:| no<|im_end|>|-");
    assertThat(read("", "{'chosen': [" + U + "," + A + "], 'rejected': [" + U + "," + B + "]}"))
        .containsExactly(USER + HEAD + "|yes<|im_end|>|+", USER + HEAD + "|no<|im_end|>|-");
    assertThat(
            read(
                "",
                "{'prompt_input_ids': [97], 'chosen_input_ids': [98], 'rejected_input_ids': [99]}"))
        .containsExactly("a|b|+", "a|c|-");
  }

  @Test
  void aFileWithoutLabelsIsRefused() {
    assertThatThrownBy(() -> lab.kto("", "{'prompt': 'Q:', 'completion': ' yes'}"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "rows.jsonl:1: this row has the keys \"prompt\", \"completion\", and rows of kto phases"
                + " need \"label\", true or false; give them one, or say with field_label what it is"
                + " called");
  }

  @Test
  void otherShapesAreRefused() {
    assertThatThrownBy(() -> lab.kto("", "{'text': 'a'}"))
        .hasMessage(
            "rows.jsonl:1: this row has the keys \"text\", and must be {\"prompt_input_ids\","
                + " \"completion_input_ids\", \"label\"}, {\"prompt_input_ids\","
                + " \"chosen_input_ids\", \"rejected_input_ids\"}, {\"prompt\", \"completion\","
                + " \"label\"}, {\"instruction\", \"output\", \"label\"}, {\"messages\", \"label\"}"
                + " or {\"chosen\", \"rejected\"}; {\"text\"} is for phases of type cpt");
    assertThatThrownBy(() -> lab.kto("type: text", "{'text': 'a'}"))
        .hasMessageContaining("text, does not fit a phase of type kto");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "train_on_inputs: true | a judged completion carries loss as a whole, whatever",
        "roles: {user: [asker]} | the dataset's roles is for conversations, and these rows are none",
      })
  void keysThatSayNothingOfTheRowsAreRefused(String keys, String sentence) {
    assertThatThrownBy(() -> lab.kto(keys, "{'prompt': 'Q:', 'completion': ' yes', 'label': true}"))
        .hasMessageContaining(sentence);
  }
}
