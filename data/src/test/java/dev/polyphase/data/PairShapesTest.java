package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What dpo reads of each shape of rows: the prompt, and the two completions after it. */
class PairShapesTest {
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

  private void assertPair(String keys, String row, String prompt, String chosen, String rejected)
      throws IOException {
    Pair pair = lab.dpo(keys, row);
    assertThat(RowLab.shown(pair.prompt())).as(row).isEqualTo(prompt);
    assertThat(RowLab.shown(pair.chosen())).as(row).isEqualTo(chosen);
    assertThat(RowLab.shown(pair.rejected())).as(row).isEqualTo(rejected);
  }

  @Test
  void tokensAreTakenAsTheyAre() throws IOException {
    assertPair(
        "",
        "{'prompt_input_ids': [97], 'chosen_input_ids': [98], 'rejected_input_ids': [99, 100]}",
        "a",
        "b",
        "cd");
  }

  @Test
  void textsFollowTheirPrompt() throws IOException {
    assertPair(
        "",
        "{'prompt': 'Q:', 'chosen': ' yes', 'rejected': ' no', 'score_chosen': 2}",
        "Q:",
        " yes<|im_end|>",
        " no<|im_end|>");
    assertPair(
        "field_prompt: ask, field_chosen: good, field_rejected: bad",
        "{'ask': 'Q:', 'good': ' yes', 'bad': ' no'}",
        "Q:",
        " yes<|im_end|>",
        " no<|im_end|>");
  }

  /** As TRL's extract_prompt, but for texts one of which is the beginning of the other. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "The sky is blue|The sky is green|The sky is| blue| green",
        "Q: yes|Q: no|Q:| yes| no",
        "Q:yes|Q:no|Q:|yes|no",
        "Q: A|Q: A more|Q: A|| more",
        "Q:\uD83D\uDE00|Q:\uD83D\uDE01|Q:|\\xf0\\x9f\\x98\\x80|\\xf0\\x9f\\x98\\x81",
      })
  void textsWithoutAPromptShareTheirBeginning(
      String a, String b, String prompt, String chosen, String rejected) throws IOException {
    assertPair(
        "",
        "{'chosen': '%s', 'rejected': '%s'}".formatted(a, b),
        prompt,
        (chosen == null ? "" : chosen) + "<|im_end|>",
        rejected + "<|im_end|>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'prompt': [" + U + "], 'chosen': [" + A + "], 'rejected': [" + B + "]}",
        "{'prompt': [" + U + "], 'chosen': " + A + ", 'rejected': " + B + "}",
        "{'prompt': [" + U + "], 'chosen': 'yes', 'rejected': 'no'}",
        "{'prompt': ["
            + U
            + "], 'chosen': ["
            + U
            + ", "
            + A
            + "], 'rejected': ["
            + U
            + ", "
            + B
            + "]}",
        "{'chosen': [" + U + ", " + A + "], 'rejected': [" + U + ", " + B + "]}",
        // UltraFeedback
        "{'prompt': 'hi', 'prompt_id': 'x', 'chosen': ["
            + U
            + ", "
            + A
            + "], 'rejected': ["
            + U
            + ", "
            + B
            + "], 'messages': ["
            + U
            + ", "
            + A
            + "], 'score_chosen': 8.5}",
        // LLaMA-Factory
        "{'conversations': [{'from': 'human', 'value': 'hi'}], 'chosen': {'from': 'gpt', 'value': 'yes'}, 'rejected': {'from': 'gpt', 'value': 'no'}}",
        "{'instruction': 'hi', 'input': '', 'chosen': 'yes', 'rejected': 'no'}",
        // Axolotl
        "{'messages': [" + U + "], 'chosen': 'yes', 'rejected': 'no'}",
        "{'question': 'hi', 'chosen': 'yes', 'rejected': 'no'}",
        "{'instruction': 'hi', 'chosen_response': 'yes', 'rejected_response': 'no'}",
        // ms-swift
        "{'messages': [" + U + ", " + A + "], 'rejected_response': 'no'}",
        "{'messages': [" + U + ", " + A + "], 'rejected_response': [" + B + "]}",
        "{'messages': [" + U + ", " + A + "], 'rejected_messages': [" + U + ", " + B + "]}",
        "{'query': 'hi', 'response': 'yes', 'rejected_response': 'no'}",
      })
  void conversationsInEveryLayoutAreTheSamePair(String row) throws IOException {
    assertPair("", row, USER + HEAD, "yes<|im_end|>", "no<|im_end|>");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'system': 'be', 'prompt': 'hi', 'chosen': 'yes', 'rejected': 'no'}",
        "{'system': 'be', 'question': 'hi', 'chosen': 'yes', 'rejected': 'no'}",
        "{'system': 'be', 'input': 'hi', 'chosen': 'yes', 'rejected': 'no', 'order': ['a']}",
        "{'system': 'be', 'messages': [" + U + ", " + A + "], 'rejected_response': 'no'}",
        "{'system': 'be', 'chosen': [" + U + ", " + A + "], 'rejected': [" + U + ", " + B + "]}",
      })
  void aSystemMessageMayStandBesideThem(String row) throws IOException {
    assertPair("", row, SYSTEM + USER + HEAD, "yes<|im_end|>", "no<|im_end|>");
  }

  @Test
  void completionsMayBeSeveralTurns() throws IOException {
    lab.close();
    lab = RowLab.withTemplate(temp.resolve("tools"), RowLab.WITH_TOOLS);
    String call = "{'role': 'assistant', 'content': 'f'}";
    String one = "{'role': 'tool', 'content': '1'}";
    String two = "{'role': 'tool', 'content': '2'}";
    String chosen = U + ", " + call + ", " + one + ", " + A;
    assertPair(
        "",
        "{'chosen': ["
            + chosen
            + "], 'rejected': ["
            + U
            + ", "
            + call
            + ", "
            + one
            + ", "
            + B
            + "]}",
        USER + HEAD + "f<|im_end|>\n<|im_start|>tool\n1<|im_end|>\n" + HEAD,
        "yes<|im_end|>",
        "no<|im_end|>");
    assertPair(
        "",
        "{'chosen': ["
            + chosen
            + "], 'rejected': ["
            + U
            + ", "
            + call
            + ", "
            + two
            + ", "
            + B
            + "]}",
        USER + HEAD,
        "f<|im_end|>\n<|im_start|>tool\n1<|im_end|>\n" + HEAD + "yes<|im_end|>",
        "f<|im_end|>\n<|im_start|>tool\n2<|im_end|>\n" + HEAD + "no<|im_end|>");
    assertPair(
        "",
        "{'messages': [" + chosen + "], 'rejected_response': 'no'}",
        USER + HEAD,
        "f<|im_end|>\n<|im_start|>tool\n1<|im_end|>\n" + HEAD + "yes<|im_end|>",
        "no<|im_end|>");
  }

  /** What a data set tells of its turns does not make them others. */
  @Test
  void turnsAreTheSameWhereverTheyAreFrom() throws IOException {
    assertPair(
        "",
        "{'chosen': [{'role': 'user', 'content': 'hi', 'id': 1}, "
            + A
            + "], 'rejected': [{'role': 'user', 'content': 'hi', 'id': 2, 'name': null}, "
            + B
            + "]}",
        USER + HEAD,
        "yes<|im_end|>",
        "no<|im_end|>");
  }

  @Test
  void labelledCompletionsAreForAnotherPhase() {
    assertThatThrownBy(() -> lab.dpo("", "{'prompt': 'a', 'completion': 'b', 'label': true}"))
        .hasMessage(
            "rows.jsonl:1: this row has the keys \"prompt\", \"completion\", \"label\", and must be"
                + " {\"prompt_input_ids\", \"chosen_input_ids\", \"rejected_input_ids\"} or"
                + " {\"chosen\", \"rejected\"}; completions that are wanted or not are for phases of"
                + " type kto: make pairs of them, or take such a phase");
    assertThatThrownBy(
            () -> lab.dpo("type: unpaired", "{'prompt': 'a', 'completion': 'b', 'label': true}"))
        .hasMessageContaining("are for phases of type kto: make pairs of them");
  }

  @Test
  void keysOfTokensThatCarryLossAreRefused() {
    assertThatThrownBy(
            () ->
                lab.dpo("train_on_inputs: true", "{'prompt': 'a', 'chosen': 'b', 'rejected': 'c'}"))
        .hasMessageStartingWith("rows.jsonl:1: a pair carries loss on its completions");
  }
}
