package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.ChatTemplates;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.JsonRows;
import dev.polyphase.data.RowProblems;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.FolderLinks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "render",
    mixinStandardHelpOptions = true,
    description = "Renders conversations with a chat template: {\"text\"} or {\"error\"} a row.")
final class RenderCommand implements Callable<Integer> {
  private final ModelFolders models;
  private final Console console;

  @Parameters(
      paramLabel = "MODEL_OR_TEMPLATE",
      description = "A folder, the id of a model on the hub, or a file with a Jinja template.")
  private String model = "";

  @Option(
      names = "--input",
      required = true,
      paramLabel = "CONVERSATIONS.jsonl",
      description = "Rows with messages and what else the template wants; - is standard input.")
  private Path input = Path.of("");

  @Option(
      names = "--add-generation-prompt",
      description = "End each text with the head of the assistant's turn.")
  private boolean addGenerationPrompt;

  @Option(
      names = "--chat-template",
      paramLabel = "NAME|FILE",
      description = "Another template than the model's own, as a pipeline's chat_template.")
  private @Nullable String asked;

  @Option(
      names = "--set-token",
      paramLabel = "NAME=TEXT",
      description = "A special token that the template sees, as bos_token=<s>; repeatable.")
  private Map<String, String> tokens = new LinkedHashMap<>();

  RenderCommand(ModelFolders models, Console console) {
    this.models = models;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (InputFile.isStandardInput(Path.of(model)) && InputFile.isStandardInput(input)) {
      throw new InputException("standard input holds one of the two; name a file for the other");
    }
    ChatTemplate template = template();
    List<JsonRow> rows = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(input, problems, rows::add);
    problems.throwIfAny();
    for (JsonRow row : rows) {
      console.results().print(rendered(template, row.fields()) + "\n");
    }
    console.results().flush();
    return ExitCode.DONE;
  }

  private ChatTemplate template() throws IOException {
    Path file = Path.of(model);
    if (asked != null) {
      Path folder = models.resolve(model, Path.of(""));
      FolderLinks.requireOwn(folder);
      Optional<ChatTemplate> other = ChatTemplates.of("--chat-template", asked, Path.of(""));
      if (other.isPresent()) {
        return other.get().withTokensOf(folder);
      }
    }
    if (InputFile.isStream(file) || (!Files.isDirectory(file) && InputFile.isThere(file))) {
      return ChatTemplate.ofFile(file);
    }
    Path folder = models.resolveTokenizer(model, Path.of(""));
    FolderLinks.requireOwn(folder);
    Optional<ChatTemplate> own = ChatTemplate.in(folder);
    if (own.isPresent()) {
      return own.get();
    }
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      return ChatTemplate.builtIn(folder, tokenizer);
    }
  }

  private ObjectNode rendered(ChatTemplate template, ObjectNode row) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    if (!row.path("messages").isArray()) {
      return result.put("error", "the row has no list of \"messages\"");
    }
    Optional<String> broken = JsonRow.halfCharacter("the row", row);
    if (broken.isPresent()) {
      return result.put("error", broken.get());
    }
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.put("add_generation_prompt", addGenerationPrompt);
    tokens.forEach(variables::put);
    variables.setAll(row);
    try {
      return result.put("text", template.render(variables).text());
    } catch (TemplateException e) {
      Place place = new Place(template.name(), e.line(), e.column());
      return result.put("error", place + ": " + e.getMessage());
    }
  }
}
