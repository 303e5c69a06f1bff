package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.PhaseType;
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

/** What cpt and sft learn of each shape of rows: {@code [[...]]} carries loss. */
class RowShapesTest {
  private static final String USER = "<|im_start|>user\nhi<|im_end|>\n";
  private static final String ASSISTANT = "<|im_start|>assistant\n[[yo<|im_end|>]]\n";
  private static final String SYSTEM = "<|im_start|>system\nbe<|im_end|>\n";

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

  private void assertLearned(String keys, String row, String expected) throws IOException {
    assertThat(RowLab.shown(lab.sft(keys, row))).as(row).isEqualTo(expected);
  }

  @Test
  void textIsLearnedWhole() throws IOException {
    assertLearned("", "{'text': 'abc', 'title': 'T', 'url': 'u'}", "[[abc<|im_end|>]]");
    assertLearned("type: text, field_text: body", "{'body': 'abc'}", "[[abc<|im_end|>]]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "messages | role | content | user | assistant",
        "messages | from | value | human | gpt",
        "conversations | from | value | human | gpt",
        "conversations | from | value | Human | chatgpt",
        "conversation | role | content | user | bing",
        "conversations | from | value | user | bard",
      })
  void conversationsAreLearnedWhereTheAssistantSpeaks(
      String column, String role, String content, String user, String assistant)
      throws IOException {
    String row =
        "{'%s': [{'%s': '%s', '%s': 'hi'}, {'%s': '%s', '%s': 'yo'}], 'id': 7, 'source': 'web'}"
            .formatted(column, role, user, content, role, assistant, content);
    assertLearned("", row, USER + ASSISTANT);
  }

  @Test
  void aSystemMessageMayStandBesideTheTurns() throws IOException {
    String turns = "'conversations': [{'from':'human','value':'hi'},{'from':'gpt','value':'yo'}]";
    for (String name : List.of("system", "system_prompt")) {
      assertLearned("", "{'" + name + "': 'be', " + turns + "}", SYSTEM + USER + ASSISTANT);
    }
    assertLearned("", "{'system': '', " + turns + "}", USER + ASSISTANT);
    assertLearned("", "{'system': null, " + turns + "}", USER + ASSISTANT);
    assertLearned(
        "field_system: scene", "{'scene': 'be', " + turns + "}", SYSTEM + USER + ASSISTANT);
    assertLearned(
        "",
        "{'system': ' be\\n', 'messages': [{'role':'system','content':'be'},{'role':'user','content':'hi'},{'role':'assistant','content':'yo'}]}",
        SYSTEM + USER + ASSISTANT);
  }

  @Test
  void columnsKeysAndSpeakersMayHaveOtherNames() throws IOException {
    assertLearned(
        "field_messages: turns, field_role: who, field_content: said, roles: {user: [guest], assistant: [host]}",
        "{'turns': [{'who': 'guest', 'said': 'hi'}, {'who': 'host', 'said': 'yo'}]}",
        USER + ASSISTANT);
    assertLearned(
        "ignore_columns: [genre, mood, text]",
        "{'messages': [{'role': 'user', 'content': 'hi', 'mood': 'gay'}, {'role': 'assistant', 'content': 'yo'}], 'genre': 'x', 'text': 'hi yo'}",
        USER + ASSISTANT);
    assertLearned("", "{'conversation': [{'human': 'hi', 'assistant': 'yo'}]}", USER + ASSISTANT);
  }

  /** A table's cell is a text, whatever it holds. */
  @Test
  void turnsMayBeATextOfJson() throws IOException {
    assertLearned(
        "",
        "{'messages': '[{\\'role\\': \\'user\\', \\'content\\': \\'hi\\'}, {\\'role\\': \\'assistant\\', \\'content\\': \\'yo\\'}]'}",
        USER + ASSISTANT);
  }

  @Test
  void aColumnThatTheTurnsRepeatIsNotLost() throws IOException {
    String turns =
        "'messages': [{'role':'user','content':'hi'},{'role':'assistant','content':'yo'}]";
    assertLearned("", "{'prompt': 'hi', 'prompt_id': 'a', " + turns + "}", USER + ASSISTANT);
    assertThatThrownBy(() -> lab.sft("", "{'prompt': 'ho', " + turns + "}"))
        .hasMessageContaining("\"prompt\" is not read beside {\"messages\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'instruction': 'hi', 'output': 'yo'}",
        "{'instruction': 'hi', 'input': '', 'output': 'yo'}",
        "{'instruction': 'hi', 'input': null, 'output': 'yo', 'history': [], 'system': ''}",
        "{'input': 'hi', 'output': 'yo'}",
        "{'query': 'hi', 'response': 'yo', 'type': 'greeting'}",
        "{'question': 'hi', 'answer': 'yo'}",
        "{'instruction': 'hi', 'context': '', 'response': 'yo', 'category': 'greeting'}",
      })
  void tasksAreConversations(String row) throws IOException {
    assertLearned("", row, USER + ASSISTANT);
  }

  @Test
  void tasksMayHaveAnInputEarlierTurnsAndASystemMessage() throws IOException {
    assertLearned(
        "",
        "{'instruction': 'add', 'input': '1 2', 'output': '3', 'history': [['hi', 'yo']], 'system': 'be'}",
        SYSTEM
            + USER
            + ASSISTANT
            + "<|im_start|>user\nadd\n1 2<|im_end|>\n<|im_start|>assistant\n[[3<|im_end|>]]\n");
    assertLearned(
        "last_turn_only: true",
        "{'instruction': 'add', 'input': '1 2', 'output': '3', 'history': [['hi', 'yo']]}",
        USER
            + ASSISTANT.replace("[[", "").replace("]]", "")
            + "<|im_start|>user\nadd\n1 2<|im_end|>\n<|im_start|>assistant\n[[3<|im_end|>]]\n");
    assertLearned(
        "type: alpaca, field_instruction: problem, field_output: solution",
        "{'problem': 'hi', 'solution': 'yo', 'level': 3}",
        USER + ASSISTANT);
  }

  @Test
  void ofAPromptAndCompletionTheCompletionIsLearned() throws IOException {
    assertLearned("", "{'prompt': 'Q:', 'completion': ' A'}", "Q:[[ A<|im_end|>]]");
    assertLearned(
        "field_prompt: question, field_completion: answer",
        "{'question': 'Q:', 'answer': ' A'}",
        "Q:[[ A<|im_end|>]]");
    assertLearned(
        "train_on_inputs: true", "{'prompt': 'Q:', 'completion': ' A'}", "[[Q: A<|im_end|>]]");
    assertLearned(
        "train_on_eos: none", "{'prompt': 'Q:', 'completion': ' A'}", "Q:[[ A]]<|im_end|>");
  }

  @Test
  void aPromptAndCompletionMayBeTurns() throws IOException {
    String row =
        "{'prompt': [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'yo'}, {'role': 'user', 'content': 'hi'}], 'completion': [{'from': 'gpt', 'value': 'yo'}]}";
    assertLearned("", row, USER + ASSISTANT.replace("[[", "").replace("]]", "") + USER + ASSISTANT);
    assertLearned(
        "",
        "{'system': 'be', 'prompt': [{'role': 'user', 'content': 'hi'}], 'completion': [{'role': 'assistant', 'content': 'yo'}]}",
        SYSTEM + USER + ASSISTANT);
  }

  /** Only a conversation has a system message; the column says so for all rows of a file. */
  @Test
  void aPromptAndCompletionBesideASystemMessageAreTurns() throws IOException {
    assertLearned(
        "", "{'system': 'be', 'prompt': 'hi', 'completion': 'yo'}", SYSTEM + USER + ASSISTANT);
    RowEncoder<Example> encoder =
        lab.examples(PhaseType.SFT)
            .ofFile(
                RowLab.dataset(""),
                RowLab.row("{'system': 'be', 'prompt': 'hi', 'completion': 'yo'}", 1));
    assertThat(
            RowLab.shown(
                encoder
                    .encode(RowLab.row("{'system': null, 'prompt': 'hi', 'completion': 'yo'}", 2))
                    .get(0)))
        .isEqualTo(USER + ASSISTANT);
  }

  @Test
  void segmentsAreLearnedByTheirLabels() throws IOException {
    String row =
        "{'segments': [{'label': false, 'text': 'Q: '}, {'label': true, 'text': 'A<|im_end|>'}, {'label': false, 'text': 'Q'}, {'label': true, 'text': 'B'}]}";
    assertLearned("", row, "Q: [[A<|im_end|>]]Q[[B]]");
    assertLearned("type: input_output", row, "Q: [[A<|im_end|>]]Q[[B]]");
    assertLearned("train_on_inputs: true", row, "[[Q: A<|im_end|>QB]]");
  }

  @Test
  void tokensAreLearnedByTheirLabelsOrMasks() throws IOException {
    String ids = "{'input_ids': [97, 98, 99], ";
    assertLearned("", ids + "'labels': [-100, 98, -100]}", "a[[b]]c");
    assertLearned(
        "", ids + "'completion_mask': [0, 1, 1], 'attention_mask': [1, 1, 1]}", "a[[bc]]");
    assertLearned("", ids + "'assistant_masks': [0, 1, 0]}", "a[[b]]c");
    assertLearned(
        "", ids + "'completion_mask': [0, 1, 1], 'assistant_masks': [1, 1, 0]}", "a[[b]]c");
    assertLearned("", ids + "'labels': [-100, 98, -100], 'completion_mask': [0, 1, 0]}", "a[[b]]c");
    JsonRow row = RowLab.row("{'input_ids': [97, 98]}", 1);
    Example cpt = lab.examples(PhaseType.CPT).ofFile(RowLab.dataset(""), row).encode(row).get(0);
    assertThat(RowLab.shown(cpt)).isEqualTo("[[ab]]");
  }

  @Test
  void ofLabelledCompletionsTheWantedAreLearned() throws IOException {
    assertLearned("", "{'prompt': 'Q:', 'completion': ' A', 'label': true}", "Q:[[ A<|im_end|>]]");
    assertLearned(
        "type: kto", "{'prompt': 'Q:', 'completion': ' A', 'label': 1}", "Q:[[ A<|im_end|>]]");
    assertLearned(
        "",
        "{'messages': [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'yo'}], 'kto_tag': true}",
        USER + ASSISTANT);
    assertThatThrownBy(() -> lab.sft("", "{'prompt': 'Q:', 'completion': ' A', 'label': false}"))
        .hasMessageStartingWith("rows.jsonl:1: \"label\" is false: this completion is not wanted");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'tools': [{'type': 'function', 'function': {'name': 'f'}}]",
        "'tools': '[{\\'type\\': \\'function\\', \\'function\\': {\\'name\\': \\'f\\'}}]'",
        "'functions': [{'name': 'f'}]",
      })
  void conversationsMayHaveTools(String tools) throws IOException {
    lab.close();
    lab = RowLab.withTemplate(temp.resolve("tools"), RowLab.WITH_TOOLS);
    assertLearned(
        "",
        "{'conversations': [{'from': 'human', 'value': 'hi'}, {'from': 'function_call', 'value': '{\\'name\\': \\'f\\', \\'arguments\\': {\\'x\\': 1}}'}, {'from': 'observation', 'value': '2'}, {'from': 'gpt', 'value': 'yo'}], "
            + tools
            + "}",
        "<|im_start|>system\n"
            + "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]<|im_end|>\n"
            + USER
            + "<|im_start|>assistant\n"
            + "[[[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {\"x\": 1}}}]<|im_end|>]]\n"
            + "<|im_start|>tool\n2<|im_end|>\n"
            + ASSISTANT);
  }

  @Test
  void callsOneAfterTheOtherAreOneTurn() throws IOException {
    lab.close();
    lab = RowLab.withTemplate(temp.resolve("tools"), RowLab.WITH_TOOLS);
    assertLearned(
        "",
        "{'messages': [{'role': 'user', 'content': 'hi'}, {'role': 'tool_call', 'content': '{\\'name\\': \\'f\\'}'}, {'role': 'tool_call', 'content': '{\\'name\\': \\'g\\'}'}]}",
        USER
            + "<|im_start|>assistant\n"
            + "[[[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}, {\"type\": \"function\", \"function\": {\"name\": \"g\"}}]<|im_end|>]]\n");
  }

  /** A speaker whom the template itself knows keeps the name. */
  @Test
  void aTemplateMayKnowFurtherSpeakers() throws IOException {
    lab.close();
    String template =
        RowLab.WITH_TOOLS.replace(
            "{{ m.role }}", "{{ 'boss' if m.role == 'developer' else m.role }}");
    lab = RowLab.withTemplate(temp.resolve("developer"), template);
    assertLearned(
        "",
        "{'messages': [{'role': 'developer', 'content': 'be'}, {'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'yo'}]}",
        "<|im_start|>boss\nbe<|im_end|>\n" + USER + ASSISTANT);
  }

  @Test
  void aTypeLeavesAloneWhatAnotherShapeIsMadeOf() throws IOException {
    String row =
        "{'instruction': 'hi', 'input': '', 'output': 'yo', 'text': 'Below is an instruction'}";
    assertLearned("type: alpaca", row, USER + ASSISTANT);
    assertLearned("type: text", row, "[[Below is an instruction<|im_end|>]]");
    assertThatThrownBy(() -> lab.sft("", row))
        .hasMessage(
            "rows.jsonl:1: this row has the columns of several shapes, {\"instruction\", \"output\"}"
                + " or {\"text\"}; say by the dataset's type which is meant");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train_on_inputs: true | {'text': 'a'} | train_on_inputs",
        "train_on_eos: none | {'text': 'a'} | train_on_eos",
        "train_on_inputs: true | {'input_ids': [1], 'labels': [1]} | train_on_inputs",
        "last_turn_only: true | {'prompt': 'a', 'completion': 'b'} | last_turn_only",
        "roles_to_train: [user] | {'prompt': 'a', 'completion': 'b'} | roles_to_train",
        "train_on_eos: all | {'segments': [{'label': true, 'text': 'a'}]} | train_on_eos",
      })
  void keysThatSayNothingOfARowAreRefused(String keys, String row, String key) {
    assertThatThrownBy(() -> lab.sft(keys, row))
        .hasMessageStartingWith(
            "rows.jsonl:1: the dataset's " + key + " says nothing of rows that are {");
  }

  @Test
  void aFingerprintTellsWhatTokensFollowFrom() throws IOException {
    String plain = lab.examples(PhaseType.SFT).fingerprint();
    assertThat(lab.examples(PhaseType.SFT).fingerprint()).isEqualTo(plain);
    assertThat(lab.examples(PhaseType.CPT).fingerprint()).isNotEqualTo(plain);
    assertThat(lab.pairs().fingerprint()).isNotEqualTo(plain);
    try (RowLab other = RowLab.withTemplate(temp.resolve("other"), RowLab.WITH_TOOLS)) {
      assertThat(other.examples(PhaseType.SFT).fingerprint()).isNotEqualTo(plain);
    }
  }
}
