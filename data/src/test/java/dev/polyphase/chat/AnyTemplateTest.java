package dev.polyphase.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.LossOn.Ends;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.PromptCompletion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is learned with templates in the manner of several families. What carries loss stands in
 * brackets; the tokenizer has one token a byte, and the special tokens that a test names.
 */
class AnyTemplateTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String LLAMA =
      """
      {{- bos_token }}
      {%- for m in messages %}
        {%- if m.tool_calls %}
          {{- '<|head|>assistant<|/head|>\\n\\n{"name": "' + m.tool_calls[0].function.name + '", "parameters": ' }}
          {{- m.tool_calls[0].function.arguments | tojson }}
          {{- '}' + ('<|eom|>' if builtin_tools is defined else '<|eot|>') }}
        {%- else %}
          {{- '<|head|>' + ('ipython' if m.role == 'tool' else m.role) + '<|/head|>\\n\\n' + m.content | trim + '<|eot|>' }}
        {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\\n\\n' }}{% endif %}
      """;

  private static final String MISTRAL =
      """
      {{- bos_token }}
      {%- set system = messages[0].content if messages[0].role == 'system' else '' %}
      {%- for m in (messages[1:] if system else messages) %}
        {%- if m.role == 'user' %}
          {{- '[INST] ' + (system + '\\n\\n' if loop.first and system else '') + m.content + ' [/INST]' }}
        {%- elif m.tool_calls is defined %}
          {{- '[TOOL_CALLS] [' }}
          {%- for call in m.tool_calls %}
            {{- call.function | tojson }}{{ ', ' if not loop.last }}
          {%- endfor %}
          {{- ']' + eos_token }}
        {%- elif m.role == 'tool' %}
          {{- '[RESULT] ' + m.content + ' [/RESULT]' }}
        {%- elif m.role == 'assistant' %}
          {{- ' ' + m.content + eos_token }}
        {%- endif %}
      {%- endfor %}
      """;

  private static final String GEMMA =
      """
      {{- bos_token }}
      {%- for m in messages %}
        {%- set role = 'model' if m.role == 'assistant' else m.role %}
        {{- '<turn>' + role + '\\n' + m.content | trim + '</turn>\\n' }}
      {%- endfor %}
      {%- if add_generation_prompt %}{{ '<turn>model\\n' }}{% endif %}
      """;

  private static final String QWEN =
      """
      {%- if tools %}{{ '<|im_start|>system\\n' + tools | tojson + '<|im_end|>\\n' }}{% endif %}
      {%- set ns = namespace(last=0) %}
      {%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
      {%- for m in messages %}
        {%- if m.role == 'assistant' %}
          {%- set thought = m.reasoning_content if m.reasoning_content is string else '' %}
          {{- '<|im_start|>' + m.role + '\\n' }}
          {%- if loop.index0 > ns.last %}{{ '<think>\\n' + thought.strip() + '\\n</think>\\n\\n' }}{% endif %}
          {{- m.content }}
          {%- for call in m.tool_calls %}
            {{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments | tojson + '}\\n</tool_call>' }}
          {%- endfor %}
          {{- '<|im_end|>\\n' }}
        {%- elif m.role == 'tool' %}
          {{- '<|im_start|>user\\n<tool_response>\\n' + m.content + '\\n</tool_response><|im_end|>\\n' }}
        {%- else %}
          {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}
        {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if enable_thinking is defined and not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
      {%- endif %}
      """;

  private static final String PHI =
      """
      {%- for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}
      {%- if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}
      """;

  /** No head after a tool; thoughts are left out, though the prompt opens one. */
  private static final String DEEPSEEK =
      """
      {{- bos_token }}
      {%- set ns = namespace(tool=false) %}
      {%- for m in messages %}
        {%- if m.role == 'user' %}
          {{- '<|User|>' + m.content }}
        {%- elif m.role == 'tool' %}
          {%- set ns.tool = true %}
          {{- '<|out|>' + m.content + '<|/out|>' }}
        {%- elif 'tool_calls' in m %}
          {{- '<|Assistant|>' + (m.content if m.content is not none else '') }}
          {%- for call in m.tool_calls %}
            {{- '<|call|>' + call.function.name + '\\n' + call.function.arguments + '<|/call|>' }}
          {%- endfor %}
          {{- eos_token }}
        {%- else %}
          {{- ('<|outs|>' if ns.tool else '<|Assistant|>') + m.content.split('</think>')[-1] + eos_token }}
          {%- set ns.tool = false %}
        {%- endif %}
      {%- endfor %}
      {%- if ns.tool %}{{ '<|outs|>' }}
      {%- elif add_generation_prompt %}{{ '<|Assistant|><think>\\n' }}{% endif %}
      """;

  private static final String HARMONY =
      """
      {%- set ns = namespace(called='') %}
      {%- for m in messages %}
        {%- if m.role == 'assistant' %}
          {%- if m.thinking %}{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}
          {%- if m.tool_calls %}
            {%- set ns.called = m.tool_calls[0].function.name %}
            {{- '<|start|>assistant to=functions.' + ns.called + '<|message|>' + m.tool_calls[0].function.arguments | tojson + '<|call|>' }}
          {%- else %}
            {{- '<|start|>assistant<|channel|>final<|message|>' + m.content + ('<|return|>' if loop.last else '<|end|>') }}
          {%- endif %}
        {%- elif m.role == 'tool' %}
          {{- '<|start|>functions.' + ns.called + ' to=assistant<|message|>' + m.content + '<|end|>' }}
        {%- else %}
          {{- '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}
        {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}
      """;

  private static final String MARKED =
      """
      {%- for m in messages %}
        {{- '<|im_start|>' + m.role + '\\n' }}
        {%- if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>\\n' }}{% endgeneration %}
        {%- else %}{{ m.content + '<|im_end|>\\n' }}{% endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
      """;

  private static final String CALL =
      "{'role':'assistant','content':null,'tool_calls':[{'type':'function','function':{'name':'f','arguments':{'b':1.50,'a':[true,null]}}}]}";
  private static final String ANSWER = "{'role':'tool','name':'f','content':'21'}";

  @TempDir Path temp;
  private Path model;
  private LazyTokenizer tokenizer;
  private ChatEncoder chats;

  @BeforeEach
  void open() {
    model = Fixture.LLAMA.copyTo(temp);
    tokenizer = new LazyTokenizer(model);
    chats = new ChatEncoder(tokenizer);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void inTheMannerOfLlama3() throws IOException {
    template(LLAMA, "<s>", "</s>", "<|head|>", "<|/head|>", "<|eot|>", "<|eom|>");
    assertThat(marked(turns("system: s", "user:  a ", "assistant: b ", "user: c", "assistant: d")))
        .isEqualTo(
            "<s><|head|>system<|/head|>\n\ns<|eot|><|head|>user<|/head|>\n\na<|eot|>"
                + "<|head|>assistant<|/head|>\n\n[b<|eot|>]<|head|>user<|/head|>\n\nc<|eot|>"
                + "<|head|>assistant<|/head|>\n\n[d<|eot|>]");
    assertThat(marked(turns("user: a", CALL, ANSWER, "assistant: b")))
        .isEqualTo(
            "<s><|head|>user<|/head|>\n\na<|eot|><|head|>assistant<|/head|>\n\n"
                + "[{\"name\": \"f\", \"parameters\": {\"b\": 1.5, \"a\": [true, null]}}<|eot|>]"
                + "<|head|>ipython<|/head|>\n\n21<|eot|><|head|>assistant<|/head|>\n\n[b<|eot|>]");
    assertThat(ends()).containsExactlyInAnyOrder("<|eot|>", "<|eom|>");
  }

  @Test
  void inTheMannerOfMistral() throws IOException {
    template(MISTRAL, "<s>", "</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[RESULT]", "[/RESULT]");
    assertThat(marked(turns("system: s", "user: a", "assistant: b", "user: c", "assistant: d")))
        .isEqualTo("<s>[INST] s\n\na [/INST][ b</s>][INST] c [/INST][ d</s>]");
    assertThat(marked(turns("user: a", CALL, ANSWER, "assistant: b")))
        .isEqualTo(
            "<s>[INST] a [/INST][[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"b\": 1.5, \"a\": [true,"
                + " null]}}]</s>][RESULT] 21 [/RESULT][ b</s>]");
    assertThat(ends()).containsExactly("</s>");
  }

  @Test
  void inTheMannerOfGemma() throws IOException {
    template(GEMMA, "<s>", "</s>", "<turn>", "</turn>");
    assertThat(marked(turns("user: a", "assistant:  b\n", "user: c", "assistant: ")))
        .isEqualTo(
            """
            <s><turn>user
            a</turn>
            <turn>model
            [b</turn>]
            <turn>user
            c</turn>
            <turn>model
            [</turn>]
            """);
    assertThat(ends()).containsExactly("</turn>");
  }

  @Test
  void inTheMannerOfQwen3() throws IOException {
    template(QWEN, null, "<|im_end|>");
    assertThat(
            marked(
                turns(
                    "user: a",
                    "{'role':'assistant','content':'b','reasoning_content':'x'}",
                    "user: c",
                    "{'role':'assistant','content':'d','thinking':' y '}")))
        .isEqualTo(
            """
            <|im_start|>user
            a<|im_end|>
            <|im_start|>assistant
            [b<|im_end|>]
            <|im_start|>user
            c<|im_end|>
            <|im_start|>assistant
            [<think>
            y
            </think>

            d<|im_end|>]
            """);
    assertThat(marked(turns("user: a", "assistant: ", "user: b", "assistant: ")))
        .isEqualTo(
            """
            <|im_start|>user
            a<|im_end|>
            <|im_start|>assistant
            [<|im_end|>]
            <|im_start|>user
            b<|im_end|>
            <|im_start|>assistant
            [<think>

            </think>

            <|im_end|>]
            """);
    String called =
        marked(
            turns(
                "user: a",
                "{'role':'assistant','content':'Look.','tool_calls':[{'function':{'name':'f','arguments':'{\\\"n\\\": 1}'}},{'function':{'name':'g','arguments':{}}}]}",
                ANSWER,
                "assistant: b"));
    assertThat(called)
        .endsWith(
            "<|im_start|>assistant\n[<think>\n\n</think>\n\nLook."
                + "\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"n\": 1}}\n</tool_call>"
                + "\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call><|im_end|>]\n"
                + "<|im_start|>user\n<tool_response>\n21\n</tool_response><|im_end|>\n"
                + "<|im_start|>assistant\n[<think>\n\n</think>\n\nb<|im_end|>]\n");
  }

  @Test
  void aThoughtThatThePromptOpensIsLearnedAllTheSame() throws IOException {
    template(
        QWEN.replace(
            "{{- '<|im_start|>assistant\\n' }}", "{{- '<|im_start|>assistant\\n<think>\\n' }}"),
        null,
        "<|im_end|>");
    assertThat(marked(turns("user: a", "assistant: b")))
        .endsWith("<|im_start|>assistant\n[<think>\n\n</think>\n\nb<|im_end|>]\n");
  }

  @Test
  void inTheMannerOfPhi() throws IOException {
    template(PHI, null, "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>");
    assertThat(marked(turns("user: a", "assistant: b", "user: c", "assistant: d")))
        .isEqualTo(
            "<|user|>\na<|end|>\n<|assistant|>\n[b<|end|>]\n<|user|>\nc<|end|>\n"
                + "<|assistant|>\n[d<|end|>\n</s>]");
    assertThat(marked(turns("user: a", "assistant: b", "user: c")))
        .isEqualTo("<|user|>\na<|end|>\n<|assistant|>\n[b<|end|>]\n<|user|>\nc<|end|>\n</s>");
    assertThat(ends()).containsExactlyInAnyOrder("<|end|>", "</s>");
  }

  @Test
  void inTheMannerOfDeepSeek() throws IOException {
    deepSeek();
    assertThat(marked(turns("user: a", "assistant: <think>x</think>b", "user: c", "assistant: d")))
        .isEqualTo("<s><|User|>a<|Assistant|>[b</s>]<|User|>c<|Assistant|>[d</s>]");
    // It joins texts only, so that arguments are given to it as JSON.
    assertThat(marked(turns("user: a", CALL, ANSWER, "assistant: b")))
        .isEqualTo(
            "<s><|User|>a<|Assistant|>[<|call|>f\n{\"b\": 1.5, \"a\": [true, null]}<|/call|></s>]"
                + "<|out|>21<|/out|><|outs|>[b</s>]");
  }

  @Test
  void aTurnWithoutAHeadBeginsWhereItLeavesThePrompt() throws IOException {
    template(
        DEEPSEEK.replace(
            "{{- '<|Assistant|>' + (m.content if m.content is not none else '') }}",
            "{{- '\\n' if ns.tool else '<|Assistant|>' }}"),
        "<s>",
        "</s>",
        "<|User|>",
        "<|Assistant|>",
        "<|call|>",
        "<|/call|>",
        "<|out|>",
        "<|/out|>",
        "<|outs|>");
    assertThat(marked(turns("user: a", CALL, ANSWER, CALL, ANSWER, "assistant: b")))
        .contains("<|out|>21<|/out|>[\n<|call|>f\n")
        .endsWith("</s>]<|out|>21<|/out|><|outs|>[b</s>]");
  }

  @Test
  void inTheMannerOfHarmony() throws IOException {
    template(
        HARMONY,
        null,
        "<|return|>",
        "<|start|>",
        "<|end|>",
        "<|message|>",
        "<|channel|>",
        "<|call|>");
    assertThat(
            marked(
                turns(
                    "user: a",
                    CALL,
                    ANSWER,
                    ANSWER,
                    "{'role':'assistant','thinking':'t','content':'b'}",
                    "user: c",
                    "assistant: d")))
        .isEqualTo(
            "<|start|>user<|message|>a<|end|><|start|>assistant[ to=functions.f<|message|>"
                + "{\"b\": 1.5, \"a\": [true, null]}<|call|>]"
                + "<|start|>functions.f to=assistant<|message|>21<|end|>"
                + "<|start|>functions.f to=assistant<|message|>21<|end|>"
                + "<|start|>assistant[<|channel|>analysis<|message|>t<|end|>"
                + "<|start|>assistant<|channel|>final<|message|>b<|end|>]"
                + "<|start|>user<|message|>c<|end|>"
                + "<|start|>assistant[<|channel|>final<|message|>d<|return|>]");
    assertThat(ends()).containsExactlyInAnyOrder("<|end|>", "<|call|>", "<|return|>");
  }

  @Test
  void aTemplateThatAsksForNoAnswer() throws IOException {
    template(
        "{% for m in messages %}{{ '### ' + m.role + ': ' + m.content + '\\n' }}{% endfor %}",
        null, "</s>");
    assertThat(marked(turns("user: a", "assistant: b", "user: c", "assistant: d")))
        .isEqualTo("### user: a\n### assistant:[ b]\n### user: c\n### assistant:[ d]\n");
  }

  @Test
  void whatEndsNoTurnIsEndedByTheNextOne() throws IOException {
    template(
        "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}",
        null, "</s>", "<|user|>", "<|assistant|>");
    assertThat(marked(turns("user: a", "assistant: b", "user: c", "assistant: d", "assistant: e")))
        .isEqualTo("<|user|>a<|assistant|>[b<|user|>]c<|assistant|>[d]<|assistant|>[e]");
    assertThat(ends()).containsExactly("<|user|>");
  }

  @Test
  void turnsThatAreMergedAreLearnedAsOne() throws IOException {
    template(
        """
        {%- for m in messages %}
          {%- if loop.first or messages[loop.index0 - 1].role != m.role %}{{ '<|im_start|>' + m.role + '\\n' }}{% endif %}
          {{- m.content }}
          {%- if loop.last or messages[loop.index0 + 1].role != m.role %}{{ '<|im_end|>\\n' }}{% endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
        """,
        null, "<|im_end|>");
    assertThat(marked(turns("user: a", "user: b", "assistant: c", "assistant: d", "user: e")))
        .isEqualTo(
            """
            <|im_start|>user
            ab<|im_end|>
            <|im_start|>assistant
            [cd<|im_end|>]
            <|im_start|>user
            e<|im_end|>
            """);
  }

  @Test
  void aContentThatTheTemplateComputesFromIsLearnedOnlyWhereItStays() throws IOException {
    String template =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ (m.content | length) if m.role == 'assistant' else m.content }}{{ '!' if loop.last and bang is defined }}<|im_end|>\n{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    template(template, null, "<|im_end|>");
    List<Message> turns = turns("user: a", "assistant: bcd", "user: e", "assistant: fg");
    assertThat(marked(turns))
        .isEqualTo(
            """
            <|im_start|>user
            a<|im_end|>
            <|im_start|>assistant
            [3<|im_end|>]
            <|im_start|>user
            e<|im_end|>
            <|im_start|>assistant
            [2<|im_end|>]
            """);
    ObjectNode bang = JSON.createObjectNode().put("bang", true);
    assertThatThrownBy(() -> chats.encode(new Conversation(turns, bang), LossOn.ASSISTANT))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "it can't be told what the model says in the turn of assistant at [1]");
  }

  @Test
  void whatTheTemplateMarksDecides() throws IOException {
    template(MARKED, null, "<|im_end|>");
    assertThat(marked(turns("user: a", "assistant: b", "user: c", "assistant: ")))
        .isEqualTo(
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>\n]"
                + "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n[<|im_end|>\n]");
    List<Message> some =
        List.of(
            said(turn("user: a"), true),
            said(turn("assistant: "), false),
            turn("user: c"),
            turn("assistant: d"));
    assertThat(marked(some))
        .isEqualTo(
            "<|im_start|>user\n[a<|im_end|>]\n<|im_start|>assistant\n<|im_end|>\n"
                + "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n[d<|im_end|>\n]");
    assertThat(marked(turns("user: a", "assistant: b"), loss(Ends.NONE, false)))
        .isEqualTo("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n[b]<|im_end|>\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '@',
      quoteCharacter = '`',
      value = {
        "TURN @ false @ false @ assistant @ u:a; A:[b;] U:c; A:[d;]",
        "LAST @ false @ false @ assistant @ u:a; A:[b]; U:c; A:[d;]",
        "NONE @ false @ false @ assistant @ u:a; A:[b]; U:c; A:[d];",
        "ALL @ false @ false @ assistant @ u:a[;] A:[b;] U:c[;] A:[d;]",
        "TURN @ false @ true @ assistant @ u:a; A:b; U:c; A:[d;]",
        "TURN @ false @ false @ user @ u:[a;] A:b; U:[c;] A:d;",
        "TURN @ true @ false @ assistant @ [u:a; A:b; U:c; A:d;]",
        "NONE @ true @ false @ assistant @ [u:a];[ A:b];[ U:c];[ A:d];[]",
      })
  void lossIsOnWhatIsAskedFor(
      Ends ends, boolean inputs, boolean lastOnly, String role, String expected)
      throws IOException {
    template(
        "{% for m in messages %}{{ m.role ~ ':' ~ m.content ~ '<|im_end|>' ~ ' ' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
        null, "<|im_end|>");
    LossOn loss = new LossOn(inputs, List.of(role), ends, lastOnly);
    String short_ =
        marked(turns("user: a", "assistant: b", "user: c", "assistant: d"), loss)
            .strip()
            .replace("<|im_end|>", ";")
            .replaceFirst("user", "u")
            .replace("user", "U")
            .replace("assistant", "A");
    assertThat(short_.replace(" ]", "]")).isEqualTo(expected);
  }

  @Test
  void everythingIsLearnedButWhatSaysItIsNot() throws IOException {
    template(PHI, null, "</s>", "<|user|>", "<|assistant|>", "<|end|>");
    LossOn everything = new LossOn(true, List.of("assistant"), Ends.TURN, false);
    List<Message> some =
        List.of(turn("user: a"), said(turn("assistant: b"), false), turn("user: c"));
    assertThat(marked(some, everything))
        .isEqualTo("[<|user|>\na<|end|>\n<|assistant|>\n]b<|end|>[\n<|user|>\nc<|end|>\n</s>]");
  }

  @Test
  void partsAreGivenAsTheTemplateTakesThem() throws IOException {
    String parts =
        "{'role':'user','content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]}";
    template(GEMMA, "<s>", "</s>", "<turn>", "</turn>");
    assertThat(marked(turns(parts, "assistant: c")))
        .isEqualTo("<s><turn>user\na\nb</turn>\n<turn>model\n[c</turn>]\n");

    template(
        "{% for m in messages %}<turn>{{ m.role }}\n{% for p in m.content %}{{ p.text }}{% endfor %}</turn>{% endfor %}{% if add_generation_prompt %}<turn>assistant\n{% endif %}",
        null, "</s>", "<turn>", "</turn>");
    assertThat(marked(turns(parts, "assistant: c")))
        .isEqualTo("<turn>user\nab</turn><turn>assistant\n[c</turn>]");
    assertThatThrownBy(
            () ->
                marked(
                    turns(
                        "{'role':'user','content':[{'type':'text','text':'a'},{'type':'image','url':'x'}]}",
                        "assistant: c")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "\"content[1]\" of the turn of user at [0] is a part of type \"image\"");
  }

  @Test
  void argumentsKeepTheirOrderAndNumbers() throws IOException {
    template(QWEN, null, "<|im_end|>");
    String arguments = "{\\\"z\\\": 1.0, \\\"a\\\": 12345678901234567890, \\\"m\\\": 1e3}";
    assertThat(
            marked(
                turns(
                    "user: a",
                    "{'role':'assistant','content':'','tool_calls':[{'function':{'name':'f','arguments':'"
                        + arguments
                        + "'}}]}")))
        .contains("\"arguments\": {\"z\": 1.0, \"a\": 12345678901234567890, \"m\": 1000.0}");
  }

  @Test
  void whatATemplateDoesNotWriteIsRefused() throws IOException {
    template(
        "{% for m in messages %}{% if m.content and m.role in ['user', 'assistant'] %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}",
        null, "<|im_end|>");
    assertThatThrownBy(() -> marked(turns("user: a", ANSWER, "assistant: b")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("the model's chat template does not write the turn of tool at [1]");
    assertThatThrownBy(() -> marked(turns("user: a", CALL)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("\"tool_calls\" of the turn of assistant at [1] is not read by");
    template(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content if m.role == 'user' or not m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        null, "<|im_end|>");
    assertThatThrownBy(() -> marked(turns("user: a", "assistant: b")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("the model's chat template does not write what the assistant says");
    ObjectNode tools = JSON.createObjectNode();
    tools.putArray("tools").addObject().put("name", "f");
    assertThatThrownBy(
            () ->
                chats.encode(
                    new Conversation(turns("user: a", "assistant: b"), tools), LossOn.ASSISTANT))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("\"tools\" is not read by the model's chat template");
  }

  @Test
  void pairsMayEndWithSeveralTurns() throws IOException {
    template(QWEN, null, "<|im_end|>");
    PromptCompletion pair =
        chats.encodeTurns(
            new Conversation(turns("user: a")),
            turns(CALL.replace("null", "''"), ANSWER, "assistant: b"));
    assertThat(text(pair.prompt()))
        .isEqualTo("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n");
    assertThat(text(pair.completion()))
        .startsWith("<think>\n\n</think>\n\n\n<tool_call>\n")
        .endsWith("<|im_start|>assistant\n<think>\n\n</think>\n\nb<|im_end|>");
    assertThatThrownBy(
            () ->
                chats.encodeTurns(
                    new Conversation(
                        turns("user: a"), JSON.createObjectNode().put("enable_thinking", false)),
                    turns("{'role':'assistant','content':'b','reasoning_content':'x'}")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("the chat template writes the prompt otherwise");
  }

  @Test
  void aPairFollowsThePromptThatOpensAThoughtInVain() throws IOException {
    deepSeek();
    PromptCompletion pair =
        chats.encodeTurns(new Conversation(turns("user: a")), turns("assistant: b"));
    assertThat(text(pair.prompt())).isEqualTo("<s><|User|>a<|Assistant|>");
    assertThat(text(pair.completion())).isEqualTo("b</s>");
  }

  @Test
  void aGivenTemplateTakesThePlaceOfTheModels() throws IOException {
    special("<s>", "</s>", "<turn>", "</turn>");
    Path file = temp.resolve("gemma.jinja");
    Files.writeString(file, GEMMA);
    chats = new ChatEncoder(tokenizer, Optional.of(ChatTemplate.ofFile(file)));
    assertThat(marked(turns("user: a", "assistant: b")))
        .isEqualTo("<s><turn>user\na</turn>\n<turn>model\n[b</turn>]\n");
  }

  @Test
  void severalThreadsFindTheSame() throws Exception {
    deepSeek();
    List<Message> turns = turns("user: a", CALL, ANSWER, "assistant: b", "user: c", "assistant: d");
    String alone = marked(turns);
    chats = new ChatEncoder(tokenizer);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      Callable<String> task = () -> marked(turns);
      List<Callable<String>> tasks = IntStream.range(0, 40).mapToObj(i -> task).toList();
      for (var done : threads.invokeAll(tasks)) {
        assertThat(done.get()).isEqualTo(alone);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private void deepSeek() throws IOException {
    template(
        DEEPSEEK,
        "<s>",
        "</s>",
        "<|User|>",
        "<|Assistant|>",
        "<|call|>",
        "<|/call|>",
        "<|out|>",
        "<|/out|>",
        "<|outs|>");
  }

  private static LossOn loss(Ends ends, boolean lastOnly) {
    return new LossOn(false, List.of("assistant"), ends, lastOnly);
  }

  private static Message said(Message message, boolean learned) {
    return new Message(message.fields(), Optional.of(learned));
  }

  /** Turns as {@code role: content}, or as JSON with single quotes. */
  private static List<Message> turns(String... turns) throws IOException {
    List<Message> messages = new ArrayList<>();
    for (String each : turns) {
      messages.add(turn(each));
    }
    return messages;
  }

  private static Message turn(String turn) throws IOException {
    if (turn.startsWith("{")) {
      ObjectNode fields = (ObjectNode) JSON.readTree(turn.replace('\'', '"'));
      return new Message(fields, Optional.empty());
    }
    int colon = turn.indexOf(": ");
    return new Message(turn.substring(0, colon), turn.substring(colon + 2));
  }

  private String marked(List<Message> turns) throws IOException {
    return marked(turns, LossOn.ASSISTANT);
  }

  private String marked(List<Message> turns, LossOn loss) throws IOException {
    TokenizedChat chat = chats.encode(new Conversation(turns), loss);
    StringBuilder text = new StringBuilder();
    int from = 0;
    int[] ids = chat.ids();
    for (int t = 1; t <= ids.length; t++) {
      if (t == ids.length || chat.learned()[t] != chat.learned()[from]) {
        String part = text(Arrays.copyOfRange(ids, from, t));
        text.append(chat.learned()[from] ? "[" + part + "]" : part);
        from = t;
      }
    }
    return text.toString();
  }

  /** The text of byte tokens and special ones. */
  private String text(int[] ids) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      if (id < 256) {
        bytes.write(id);
      } else {
        bytes.writeBytes(tokenizer.get().textOf(id).getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private List<String> ends() throws IOException {
    List<String> texts = new ArrayList<>();
    for (int id : chats.endsOfTurns()) {
      texts.add(tokenizer.get().textOf(id));
    }
    return texts;
  }

  /** Gives the model a template, and its tokenizer these special tokens. */
  private void template(String source, @Nullable String bos, String eos, String... more)
      throws IOException {
    Files.writeString(model.resolve("chat_template.jinja"), source);
    special(bos, eos, more);
    close();
    tokenizer = new LazyTokenizer(model);
    chats = new ChatEncoder(tokenizer);
  }

  private void special(@Nullable String bos, String eos, String... more) throws IOException {
    ObjectNode config = JSON.createObjectNode().put("bos_token", bos).put("eos_token", eos);
    for (String token : more) {
      config.withArrayProperty("additional_special_tokens").add(token);
    }
    Files.writeString(model.resolve("tokenizer_config.json"), config.toString());
  }
}
