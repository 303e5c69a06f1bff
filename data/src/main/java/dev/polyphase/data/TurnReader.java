package dev.polyphase.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Conversation;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the turns of conversations, whatever a dataset calls their keys and speakers. */
final class TurnReader {
  static final String SYSTEM = "system";
  static final String USER = "user";
  static final String ASSISTANT = "assistant";
  private static final String TOOL = "tool";

  private static final String ROLE = "role";
  private static final String CONTENT = "content";
  private static final String TOOL_CALLS = "tool_calls";
  private static final String FUNCTION = "function";

  private static final List<String> ROLES = List.of(SYSTEM, USER, ASSISTANT, TOOL);

  /** Names that speakers commonly have beside these. */
  private static final Map<String, List<String>> COMMON_NAMES =
      Map.of(
          SYSTEM, List.of(),
          USER, List.of("human"),
          ASSISTANT, List.of("gpt", "chatgpt", "bing", "bard", "model", "bot", "ai"),
          TOOL,
              List.of(
                  "function",
                  "observation",
                  "observations",
                  "tool_response",
                  "function_response",
                  "ipython"));

  /** Speakers whose turns are calls of the assistant, as JSON. */
  private static final Set<String> CALLS = Set.of("function_call", "tool_call", "tool_calls");

  /** Keys by which a turn may be left without a content. */
  private static final List<String> INSTEAD_OF_CONTENT =
      List.of(TOOL_CALLS, "function_call", "reasoning_content", "thinking");

  /** Turns as pairs, of a user and of the assistant. */
  private static final List<List<String>> PAIRS =
      List.of(List.of("human", ASSISTANT), List.of(USER, ASSISTANT));

  private static final JsonMapper JSON = new JsonMapper();

  private final ChatEncoder chats;
  private final List<String> roleKeys;
  private final List<String> contentKeys;
  private final Map<String, String> roles = new HashMap<>();
  private final String path;
  private final ObjectNode kwargs;
  private final Set<String> ignored;

  /**
   * A reader of a dataset's turns.
   *
   * @param chats what knows the model's template, which may name further speakers
   */
  TurnReader(Dataset dataset, ChatEncoder chats) {
    this.chats = chats;
    this.roleKeys = dataset.fields().role().map(List::of).orElse(List.of(ROLE, "from"));
    this.contentKeys = dataset.fields().content().map(List::of).orElse(List.of(CONTENT, "value"));
    this.ignored = Set.copyOf(dataset.ignoreColumns());
    this.path = dataset.path();
    this.kwargs = new ObjectMapper().valueToTree(dataset.chatTemplateKwargs());
    COMMON_NAMES.forEach((role, names) -> names.forEach(name -> roles.put(name, role)));
    ROLES.forEach(role -> roles.put(role, role));
    dataset.roles().system().forEach(name -> roles.put(name, SYSTEM));
    dataset.roles().user().forEach(name -> roles.put(name, USER));
    dataset.roles().assistant().forEach(name -> roles.put(name, ASSISTANT));
    dataset.roles().tool().forEach(name -> roles.put(name, TOOL));
  }

  /** Whether a value is turns rather than a text. */
  static boolean isTurns(JsonNode value) {
    return value.isArray() || value.isObject();
  }

  /**
   * The turns of a column, at least one: a list of them, or one alone.
   *
   * @throws BadRowException if there are none, or one of them is wrong
   */
  List<Message> turns(Cells cells, Column column) throws IOException {
    String name = cells.name(column);
    JsonNode list = cells.value(column);
    JsonRow row = cells.row();
    if (column == Column.MESSAGES && list.isTextual()) {
      list = ofJson(list.textValue()).filter(JsonNode::isArray).orElse(list);
    }
    if (list.isObject() && column != Column.MESSAGES) {
      list = JsonNodeFactory.instance.arrayNode().add(list);
    }
    if (!list.isArray()) {
      String found = list.isMissingNode() ? "nothing" : JsonRow.kind(list);
      throw row.wrong(Reason.TYPE, "\"" + name + "\" must be a list of messages, found " + found);
    }
    if (list.isEmpty()) {
      throw row.wrong(
          Reason.EMPTY, "\"" + name + "\" is empty; a conversation has at least one message");
    }
    List<Message> turns = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      add(row, list.get(i), name + "[" + i + "]", turns);
    }
    return turns;
  }

  /**
   * The turns of a column of which none is to be learned.
   *
   * @throws BadRowException as {@link #turns} does, or if one says that it is to be learned
   */
  List<Message> prompt(Cells cells, Column column) throws IOException {
    List<Message> turns = turns(cells, column);
    for (int i = 0; i < turns.size(); i++) {
      if (turns.get(i).learned().orElse(false)) {
        throw cells
            .row()
            .wrong(
                Reason.CONTRADICTION,
                "%s[%d] is to be learned, and nothing of a prompt is; give the row as \"messages\""
                    .formatted(cells.name(column), i));
      }
    }
    return turns;
  }

  /** Turns after a row's system message, where it has one. */
  List<Message> withSystem(Cells cells, List<Message> turns) {
    if (!cells.isGiven(Column.SYSTEM)) {
      return turns;
    }
    Message system = new Message(SYSTEM, cells.text(Column.SYSTEM));
    if (turns.get(0).role().equals(SYSTEM)) {
      if (!turns.get(0).content().strip().equals(system.content().strip())) {
        throw cells
            .row()
            .wrong(
                Reason.CONTRADICTION,
                "\"%s\" is another system message than the conversation's first; name it in ignore_columns, or take one of them out"
                    .formatted(cells.name(Column.SYSTEM)));
      }
      return turns;
    }
    List<Message> all = new ArrayList<>(List.of(system));
    all.addAll(turns);
    return all;
  }

  /**
   * The turns before an answer: earlier ones, and the task with what it is about on the next line.
   *
   * @throws BadRowException if there is no task, or an earlier turn is wrong
   */
  List<Message> task(Cells cells) {
    List<Message> turns = new ArrayList<>();
    if (cells.isGiven(Column.HISTORY)) {
      addHistory(cells, turns);
    }
    String instruction = cells.textOrNone(Column.INSTRUCTION);
    String input = cells.textOrNone(Column.INPUT);
    if (instruction.isEmpty() && input.isEmpty()) {
      throw cells
          .row()
          .wrong(
              Reason.EMPTY,
              "\"%s\" is empty, and so nothing is asked; leave the row out"
                  .formatted(
                      cells.name(
                          cells.has(Column.INSTRUCTION) ? Column.INSTRUCTION : Column.INPUT)));
    }
    String between = instruction.isEmpty() || input.isEmpty() ? "" : "\n";
    turns.add(new Message(USER, instruction + between + input));
    return turns;
  }

  private void addHistory(Cells cells, List<Message> turns) {
    String name = cells.name(Column.HISTORY);
    JsonNode history = cells.value(Column.HISTORY);
    JsonNode list = history.isTextual() ? ofJson(history.textValue()).orElse(history) : history;
    for (int i = 0; i == 0 || i < list.size(); i++) {
      JsonNode pair = list.path(i);
      String at = name + "[" + i + "]";
      if (!list.isArray() || !pair.isArray() || pair.size() != 2) {
        throw cells
            .row()
            .wrong(
                Reason.TYPE,
                "%s must be a list of earlier turns, each a list of what was asked and what was answered, found %s"
                    .formatted(
                        list.isArray() ? at : "\"" + name + "\"",
                        list.isArray() ? JsonRow.kind(pair) : JsonRow.kind(list)));
      }
      turns.add(new Message(USER, cells.row().text(at + "[0]", pair.get(0))));
      turns.add(new Message(ASSISTANT, cells.row().text(at + "[1]", pair.get(1))));
    }
  }

  /**
   * Turns with what else the row gives the template: tools, documents, and each entry of {@code
   * chat_template_kwargs}.
   *
   * @throws BadRowException if one of them is of the wrong kind, or the template does not know it
   */
  Conversation conversation(Cells cells, List<Message> turns) throws IOException {
    ObjectNode variables = ofDataset();
    JsonNode more = cells.value(Column.TEMPLATE_VARIABLES);
    if (Message.isGiven(more)) {
      JsonNode kwargs = more.isTextual() ? ofJson(more.textValue()).orElse(more) : more;
      if (!(kwargs instanceof ObjectNode entries)) {
        throw cells
            .row()
            .wrong(
                Reason.TYPE,
                "\"%s\" must be an object, found %s"
                    .formatted(cells.name(Column.TEMPLATE_VARIABLES), JsonRow.kind(kwargs)));
      }
      for (Map.Entry<String, JsonNode> entry : entries.properties()) {
        if (!entry.getValue().isNull() && !chats.reads(entry.getKey())) {
          throw cells
              .row()
              .wrong(
                  Reason.TEMPLATE,
                  "%s.%s is not read by the model's chat template; take it out"
                      .formatted(cells.name(Column.TEMPLATE_VARIABLES), entry.getKey()));
        }
        variables.set(entry.getKey(), entry.getValue());
      }
    }
    if (cells.isGiven(Column.DOCUMENTS)) {
      variables.set(cells.name(Column.DOCUMENTS), cells.value(Column.DOCUMENTS));
    }
    JsonNode tools = tools(cells);
    if (!tools.isMissingNode()) {
      variables.set(ChatTemplate.TOOLS, tools);
    }
    refuseHalfCharacters(cells.row(), "", variables);
    return new Conversation(turns, variables);
  }

  /** What the dataset gives the template for each row. */
  private ObjectNode ofDataset() throws IOException {
    for (String name : kwargs.properties().stream().map(Map.Entry::getKey).toList()) {
      if (!chats.reads(name)) {
        throw new InputException(
            Place.in(path),
            "chat_template_kwargs.%s of this dataset is not read by the model's chat template; take it out"
                .formatted(name));
      }
    }
    return kwargs.deepCopy();
  }

  private static JsonNode tools(Cells cells) {
    JsonNode tools = ChatTemplate.tools(cells.value(Column.TOOLS));
    if (tools.isNull()) {
      return MissingNode.getInstance();
    }
    String name = cells.name(Column.TOOLS);
    if (!tools.isArray()) {
      throw cells
          .row()
          .wrong(
              Reason.TYPE,
              "\"%s\" must be a list of tools, or a text of JSON that is one, found %s"
                  .formatted(name, JsonRow.kind(tools)));
    }
    if (!name.equals(Column.FUNCTIONS)) {
      return tools;
    }
    ArrayNode wrapped = JsonNodeFactory.instance.arrayNode();
    tools.forEach(function -> wrapped.add(call(function)));
    return wrapped;
  }

  private static ObjectNode call(JsonNode function) {
    ObjectNode call = JsonNodeFactory.instance.objectNode().put("type", FUNCTION);
    call.set(FUNCTION, function);
    return call;
  }

  // ---- one turn

  private void add(JsonRow row, JsonNode turn, String at, List<Message> turns) throws IOException {
    if (!(turn instanceof ObjectNode fields)) {
      throw row.wrong(
          Reason.TYPE,
          at + " must be an object with role and content, found " + JsonRow.kind(turn));
    }
    Optional<Boolean> learned = RowKeys.learned(row, turn, at);
    Optional<String> roleKey = heldKey(fields, roleKeys);
    if (roleKey.isEmpty()) {
      addPair(row, fields, at, turns);
      return;
    }
    String name = row.text(at + "." + roleKey.get(), turn.path(roleKey.get()));
    @Nullable String role = roles.getOrDefault(name, roles.get(name.toLowerCase(Locale.ROOT)));
    boolean calls = role == null && CALLS.contains(name.replace('-', '_'));
    if (role == null && !calls && !name.isEmpty() && chats.reads(name)) {
      role = name;
    }
    if (role == null && !calls) {
      throw row.wrong(
          Reason.ROLE,
          "%s.%s is \"%s\", and must be one of %s, a common name of theirs, or one that the chat template knows; say in the dataset's roles whose it is, as roles: {assistant: [%s]}"
              .formatted(at, roleKey.get(), name, String.join(", ", ROLES), name));
    }
    ObjectNode said = JsonNodeFactory.instance.objectNode();
    said.put(ROLE, calls ? ASSISTANT : role);
    Optional<String> contentKey = heldKey(fields, contentKeys);
    if (calls) {
      addCalls(row, fields, at, contentKey, said);
    } else {
      contentKey.ifPresent(key -> said.set(CONTENT, fields.get(key)));
      requireContent(row, fields, at, contentKey);
    }
    for (Map.Entry<String, JsonNode> entry : fields.properties()) {
      String key = entry.getKey();
      boolean known =
          key.equals(roleKey.get())
              || contentKey.filter(key::equals).isPresent()
              || RowKeys.saysWhetherLearned(key)
              || ignored.contains(key);
      if (!known && !entry.getValue().isNull()) {
        said.set(key, entry.getValue());
      }
    }
    refuseHalfCharacters(row, at + ".", said);
    Message message = new Message(said, learned);
    if (!calls || !joined(turns, message)) {
      turns.add(message);
    }
  }

  /** {@code {"human": ..., "assistant": ...}}. */
  private void addPair(JsonRow row, ObjectNode fields, String at, List<Message> turns) {
    for (List<String> pair : PAIRS) {
      if (fields.size() == 2 && pair.stream().allMatch(fields::hasNonNull)) {
        turns.add(new Message(USER, row.text(at + "." + pair.get(0), fields.get(pair.get(0)))));
        turns.add(
            new Message(ASSISTANT, row.text(at + "." + pair.get(1), fields.get(pair.get(1)))));
        return;
      }
    }
    throw row.wrong(Reason.ROLE, at + "." + roleKeys.get(0) + " is missing");
  }

  private void requireContent(
      JsonRow row, ObjectNode fields, String at, Optional<String> contentKey) {
    boolean without =
        INSTEAD_OF_CONTENT.stream().anyMatch(key -> Message.isGiven(fields.path(key)));
    String key = at + "." + contentKey.orElse(contentKeys.get(0));
    JsonNode content = fields.path(contentKey.orElse(contentKeys.get(0)));
    if (content.isMissingNode() && !without) {
      throw row.wrong(Reason.COLUMN_MISSING, key + " is missing");
    }
    boolean wrong =
        content.isNull()
            ? !without
            : content.isObject() || content.isNumber() || content.isBoolean();
    if (wrong) {
      throw row.wrong(
          Reason.TYPE,
          "%s must be a string, or a list of parts that are texts, found %s"
              .formatted(key, JsonRow.kind(content)));
    }
  }

  /** What is called, which the content says as JSON: one call, or a list of them. */
  private void addCalls(
      JsonRow row, ObjectNode fields, String at, Optional<String> contentKey, ObjectNode said) {
    String key = contentKey.orElse(contentKeys.get(0));
    JsonNode content = fields.path(key);
    JsonNode parsed = content.isTextual() ? ofJson(content.textValue()).orElse(content) : content;
    ArrayNode calls = said.put(CONTENT, "").putArray(TOOL_CALLS);
    for (JsonNode call : parsed.isArray() ? parsed : List.of(parsed)) {
      if (!call.path("name").isTextual()) {
        throw row.wrong(
            Reason.TYPE,
            "%s.%s must be a call as JSON, {\"name\", \"arguments\"}, or a list of calls, found %s"
                .formatted(at, key, content.isMissingNode() ? "nothing" : JsonRow.kind(content)));
      }
      calls.add(call(call));
    }
  }

  /** Calls that follow each other are one turn. */
  private static boolean joined(List<Message> turns, Message calls) {
    if (turns.isEmpty()) {
      return false;
    }
    Message last = turns.get(turns.size() - 1);
    boolean same =
        last.fields().path(TOOL_CALLS).isArray()
            && last.fields().path(CONTENT).asText().isEmpty()
            && last.learned().equals(calls.learned());
    if (same) {
      ObjectNode both = last.fields().deepCopy();
      ArrayNode all = both.putArray(TOOL_CALLS);
      last.fields().path(TOOL_CALLS).forEach(all::add);
      calls.fields().path(TOOL_CALLS).forEach(all::add);
      turns.set(turns.size() - 1, new Message(both, last.learned()));
    }
    return same;
  }

  private static Optional<String> heldKey(ObjectNode fields, List<String> keys) {
    return keys.stream().filter(fields::has).findFirst();
  }

  private static void refuseHalfCharacters(JsonRow row, String at, ObjectNode values) {
    for (Map.Entry<String, JsonNode> entry : values.properties()) {
      Optional<String> found = JsonRow.halfCharacter(at + entry.getKey(), entry.getValue());
      if (found.isPresent()) {
        throw row.wrong(Reason.HALF_CHARACTER, found.get());
      }
    }
  }

  private static Optional<JsonNode> ofJson(String text) {
    try {
      return Optional.ofNullable(JSON.readTree(text)).filter(value -> !value.isMissingNode());
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
