import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes the quickstart's data from a few small grammars: {@code java MakeData.java FOLDER}.
 *
 * <p>Needs a JDK and nothing else, and writes the same bytes on every machine. No question of a
 * held-out file is asked in its training file, and a sum that is held out occurs in no training
 * file at all.
 */
public final class MakeData {
  private MakeData() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      System.err.println("usage: java MakeData.java FOLDER");
      System.exit(2);
    }
    Path folder = Files.createDirectories(Path.of(args[0]));
    write(folder, "cpt", 2600, 100, MakeData::document);
    write(folder, "sft-1", 3000, 160, MakeData::conversation);
    write(folder, "sft-2", 2000, 160, MakeData::callOrGerman);
    write(folder, "pairs", 1200, 200, MakeData::pair);
  }

  // ------------------------------------------------------------------------------ rows and files

  /**
   * One row of a file.
   *
   * @param question what it asks; no two rows of a file and of its held-out file ask the same
   * @param json the line as it is written
   */
  record Row(String question, String json) {}

  /** Where rows come from. */
  interface Grammar {
    Row next(Dice dice);
  }

  private static void write(Path folder, String name, int rows, int heldOutRows, Grammar grammar)
      throws IOException {
    Map<String, String> lines = new LinkedHashMap<>();
    collect(lines, heldOutRows, new Dice(name + "-eval", true), grammar);
    collect(lines, heldOutRows + rows, new Dice(name, false), grammar);
    List<String> all = List.copyOf(lines.values());
    Files.write(folder.resolve(name + "-eval.jsonl"), all.subList(0, heldOutRows));
    Files.write(folder.resolve(name + ".jsonl"), all.subList(heldOutRows, all.size()));
  }

  private static void collect(Map<String, String> lines, int size, Dice dice, Grammar grammar) {
    while (lines.size() < size) {
      Row row = grammar.next(dice);
      lines.putIfAbsent(row.question(), row.json());
    }
  }

  /** One turn of a conversation. */
  record Message(String role, String content) {
    static Message user(String content) {
      return new Message("user", content);
    }

    static Message assistant(String content) {
      return new Message("assistant", content);
    }

    String json() {
      return "{\"role\": " + quoted(role) + ", \"content\": " + quoted(content) + "}";
    }
  }

  /** A question with its answer, in turns; the last is the assistant's. */
  record Chat(List<Message> messages) {
    static Chat of(String question, String answer) {
      return new Chat(List.of(Message.user(question), Message.assistant(answer)));
    }

    Chat withSystem(String content) {
      return new Chat(
          Stream.concat(Stream.of(new Message("system", content)), messages.stream()).toList());
    }

    Chat then(Message... more) {
      return new Chat(Stream.concat(messages.stream(), Stream.of(more)).toList());
    }

    String question() {
      return messages.stream().filter(m -> m.role().equals("user")).findFirst().get().content();
    }

    Row row() {
      return new Row(question(), "{\"messages\": " + json(messages) + "}");
    }

    /** This conversation as the better one of two that differ in their last turn. */
    Row preferredTo(String rejected) {
      int last = messages.size() - 1;
      return new Row(
          question(),
          "{\"prompt\": "
              + json(messages.subList(0, last))
              + ", \"chosen\": "
              + json(messages.subList(last, last + 1))
              + ", \"rejected\": "
              + json(List.of(Message.assistant(rejected)))
              + "}");
    }

    private static String json(List<Message> messages) {
      return messages.stream().map(Message::json).collect(Collectors.joining(", ", "[", "]"));
    }
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  // -------------------------------------------------------------------------------------- chance

  /** What is chosen by chance, the same in every run. */
  static final class Dice {
    private final Random random;
    private final boolean heldOut;

    /**
     * Dice for one file.
     *
     * @param name of the file; each has its own sequence
     * @param heldOut whether sums are drawn from those held out, or from the others
     */
    Dice(String name, boolean heldOut) {
      this.random = new Random(name.hashCode());
      this.heldOut = heldOut;
    }

    <T> T one(List<T> choices) {
      return choices.get(random.nextInt(choices.size()));
    }

    String one(String... choices) {
      return one(List.of(choices));
    }

    /** One that is not the other. */
    <T> T another(T other, List<T> choices) {
      return one(choices.stream().filter(choice -> !choice.equals(other)).toList());
    }

    /** From {@code low} to {@code high}, both counted. */
    int number(int low, int high) {
      return low + random.nextInt(high - low + 1);
    }

    boolean chance(int percent) {
      return random.nextInt(100) < percent;
    }

    Language language() {
      return chance(50) ? Language.ENGLISH : Language.GERMAN;
    }

    /** A sum or a difference; every ninth is held out. */
    Sum sum() {
      while (true) {
        int larger = number(1, 20);
        int smaller = number(0, larger);
        boolean isHeldOut = (larger * 7 + smaller * 5) % 9 == 0;
        if (isHeldOut == heldOut) {
          return chance(40)
              ? new Sum(larger, '-', smaller)
              : chance(50) ? new Sum(larger, '+', smaller) : new Sum(smaller, '+', larger);
        }
      }
    }
  }

  // --------------------------------------------------------------------------------------- words

  enum Language {
    ENGLISH,
    GERMAN
  }

  /** The same in both languages. */
  record Text(String english, String german) {
    String in(Language language) {
      return language == Language.ENGLISH ? english : german;
    }
  }

  /** A noun; {@code article} is the German one: der, die or das. */
  record Noun(String english, String german, String article) {
    Text subject(Text adjective) {
      return with(adjective, article, "e");
    }

    Text object(Text adjective) {
      return article.equals("der") ? with(adjective, "den", "en") : subject(adjective);
    }

    private Text with(Text adjective, String germanArticle, String ending) {
      return new Text(
          "the " + adjective.english() + " " + english,
          germanArticle + " " + adjective.german() + ending + " " + german);
    }
  }

  /** A verb in the third person: one does, two do, one did. */
  record Verb(Text one, Text two, Text past) {}

  private static final List<String> NAMES =
      entries(
          "Anna, Ben, Clara, David, Emma, Felix, Greta, Hans, Ida, Jonas, Karl, Lena, Max, Nora,"
              + " Otto, Paula");

  private static final List<String> CITIES =
      entries(
          "Berlin, Bonn, Bremen, Dresden, Düsseldorf, Graz, Hamburg, Kiel, Leipzig, London, Lübeck,"
              + " Madrid, Mainz, Oslo, Paris, Weimar");

  private static final List<Noun> ANIMALS =
      nouns(
          """
          dog der Hund, cat die Katze, horse das Pferd, bird der Vogel, mouse die Maus
          rabbit der Hase, sheep das Schaf, goat die Ziege, fox der Fuchs, duck die Ente
          """);

  private static final List<Noun> THINGS =
      nouns(
          """
          ball der Ball, book das Buch, cup die Tasse, lamp die Lampe, table der Tisch
          key der Schlüssel, coat der Mantel, bread das Brot, flower die Blume, picture das Bild
          letter der Brief, clock die Uhr, boat das Boot, bag die Tasche, apple der Apfel
          """);

  private static final List<Text> ANIMAL_ADJECTIVES =
      texts("old|alt, young|jung, small|klein, big|groß, brown|braun, white|weiß, quiet|ruhig");

  private static final List<Text> THING_ADJECTIVES =
      texts("red|rot, blue|blau, green|grün, new|neu, old|alt, heavy|schwer, beautiful|schön");

  private static final List<Text> PLACES =
      texts(
          """
          in the garden|im Garten, in the kitchen|in der Küche, at the lake|am See
          in the forest|im Wald, on the roof|auf dem Dach, in the house|im Haus
          at the station|am Bahnhof, in the city|in der Stadt, on the mountain|auf dem Berg
          under the tree|unter dem Baum, at the river|am Fluss, on the bridge|auf der Brücke
          """);

  private static final List<Text> TIMES =
      texts(
          """
          in the morning|am Morgen, in the evening|am Abend, at night|in der Nacht
          at noon|am Mittag, on Monday|am Montag, on Friday|am Freitag, on Sunday|am Sonntag
          in summer|im Sommer, in winter|im Winter, today|heute
          """);

  /** What one, two do and one did, in English and then in German. */
  private static final List<Verb> DOING =
      verbs(
          """
          sleeps sleep slept schläft schlafen schlief, waits wait waited wartet warten wartete
          sings sing sang singt singen sang, plays play played spielt spielen spielte
          sits sit sat sitzt sitzen saß, stands stand stood steht stehen stand
          eats eat ate isst essen aß, runs run ran läuft laufen lief
          """);

  private static final List<Verb> DOING_TO =
      verbs(
          """
          sees see saw sieht sehen sah, finds find found findet finden fand
          carries carry carried trägt tragen trug, paints paint painted malt malen malte
          buys buy bought kauft kaufen kaufte, loses lose lost verliert verlieren verlor
          sells sell sold verkauft verkaufen verkaufte, cleans clean cleaned putzt putzen putzte
          """);

  /** Countries and their capitals, which both languages call the same. */
  private static final List<Map.Entry<Text, String>> CAPITALS =
      List.of(
          Map.entry(new Text("France", "Frankreich"), "Paris"),
          Map.entry(new Text("Spain", "Spanien"), "Madrid"),
          Map.entry(new Text("Germany", "Deutschland"), "Berlin"),
          Map.entry(new Text("England", "England"), "London"),
          Map.entry(new Text("Norway", "Norwegen"), "Oslo"),
          Map.entry(new Text("Sweden", "Schweden"), "Stockholm"),
          Map.entry(new Text("Ireland", "Irland"), "Dublin"),
          Map.entry(new Text("Finland", "Finnland"), "Helsinki"),
          Map.entry(new Text("Hungary", "Ungarn"), "Budapest"));

  private static List<String> entries(String text) {
    return List.of(text.strip().split("\\s*[,\\n]\\s*"));
  }

  private static List<Text> texts(String text) {
    return entries(text).stream()
        .map(entry -> entry.split("\\|"))
        .map(parts -> new Text(parts[0], parts[1]))
        .toList();
  }

  private static List<Noun> nouns(String text) {
    return entries(text).stream()
        .map(entry -> entry.split(" "))
        .map(parts -> new Noun(parts[0], parts[2], parts[1]))
        .toList();
  }

  private static List<Verb> verbs(String text) {
    return entries(text).stream()
        .map(entry -> entry.split(" "))
        .map(
            parts ->
                new Verb(
                    new Text(parts[0], parts[3]),
                    new Text(parts[1], parts[4]),
                    new Text(parts[2], parts[5])))
        .toList();
  }

  private static String capitalized(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }

  // ----------------------------------------------------------------------------------- sentences

  /**
   * Someone doing something somewhere.
   *
   * @param object what it is done to; empty texts where there is nothing
   */
  record Scene(Text subject, Verb verb, boolean two, Text object, Text place) {
    private static final Text NOTHING = new Text("", "");

    static Scene any(Dice dice) {
      boolean two = dice.chance(25);
      Text subject = two ? pair(dice) : someone(dice);
      Text place = dice.one(PLACES);
      return dice.chance(50)
          ? new Scene(subject, dice.one(DOING), two, NOTHING, place)
          : new Scene(subject, dice.one(DOING_TO), two, something(dice), place);
    }

    /** One subject that does something to an object. */
    static Scene withObject(Dice dice) {
      return new Scene(
          someone(dice), dice.one(DOING_TO), false, something(dice), dice.one(PLACES));
    }

    static Text someone(Dice dice) {
      return dice.chance(50)
          ? sameInBoth(dice.one(NAMES))
          : dice.one(ANIMALS).subject(dice.one(ANIMAL_ADJECTIVES));
    }

    static Text something(Dice dice) {
      return dice.one(THINGS).object(dice.one(THING_ADJECTIVES));
    }

    /** {@code Anna finds the red ball in the garden.} */
    Text present() {
      Text does = two ? verb.two() : verb.one();
      return sentence(join(subject, does, object, place));
    }

    /** {@code In the morning Anna finds ...}; in German the verb comes second. */
    Text presentAt(Text time) {
      Text does = two ? verb.two() : verb.one();
      return sentence(
          new Text(
              join(time, subject, does, object, place).english(),
              join(time, does, subject, object, place).german()));
    }

    /** For one subject: {@code Anna found the red ball in the garden.} */
    Text past() {
      return sentence(join(subject, verb.past(), object, place));
    }

    private static Text pair(Dice dice) {
      String first = dice.one(NAMES);
      String second = dice.another(first, NAMES);
      return new Text(first + " and " + second, first + " und " + second);
    }

    private static Text sentence(Text text) {
      return new Text(capitalized(text.english()) + ".", capitalized(text.german()) + ".");
    }

    private static Text join(Text... parts) {
      return new Text(join(Language.ENGLISH, parts), join(Language.GERMAN, parts));
    }

    private static String join(Language language, Text... parts) {
      return Stream.of(parts)
          .map(part -> part.in(language))
          .filter(part -> !part.isEmpty())
          .collect(Collectors.joining(" "));
    }
  }

  private static Text sameInBoth(String word) {
    return new Text(word, word);
  }

  /** A sum or a difference. */
  record Sum(int left, char sign, int right) {
    int result() {
      return sign == '+' ? left + right : left - right;
    }

    String asked() {
      return left + " " + sign + " " + right;
    }

    String answered(int result) {
      return asked() + " = " + result;
    }
  }

  // ------------------------------------------------------------------- the base: running text

  private static Row document(Dice dice) {
    int kind = dice.number(1, 100);
    String text =
        kind <= 35
            ? story(dice, Language.ENGLISH)
            : kind <= 70 ? story(dice, Language.GERMAN) : kind <= 85 ? sums(dice) : records(dice);
    return new Row(text, "{\"text\": " + quoted(text) + "}");
  }

  private static String story(Dice dice, Language language) {
    List<String> sentences = new ArrayList<>();
    for (int i = dice.number(7, 10); i > 0; i--) {
      Scene scene = Scene.any(dice);
      Text text =
          switch (dice.number(1, 4)) {
            case 1 -> scene.presentAt(dice.one(TIMES));
            case 2 -> capital(dice);
            case 3 -> scene.two() ? scene.present() : scene.past();
            default -> scene.present();
          };
      sentences.add(text.in(language));
    }
    return String.join(" ", sentences);
  }

  private static Text capital(Dice dice) {
    Map.Entry<Text, String> country = dice.one(CAPITALS);
    return new Text(
        country.getValue() + " is the capital of " + country.getKey().english() + ".",
        country.getValue() + " ist die Hauptstadt von " + country.getKey().german() + ".");
  }

  private static String sums(Dice dice) {
    List<String> lines = new ArrayList<>();
    for (int i = dice.number(10, 14); i > 0; i--) {
      Sum sum = dice.sum();
      lines.add(sum.answered(sum.result()));
    }
    return String.join("\n", lines);
  }

  private static String records(Dice dice) {
    List<String> lines = new ArrayList<>();
    for (int i = dice.number(4, 6); i > 0; i--) {
      lines.add(dice.chance(60) ? Person.any(dice).json() : Tool.any(dice).description());
    }
    return String.join("\n", lines);
  }

  /** Someone, as a record and in words. */
  record Person(String name, int age, String city) {
    static Person any(Dice dice) {
      return new Person(dice.one(NAMES), dice.number(20, 79), dice.one(CITIES));
    }

    String json() {
      return "{\"name\": \"%s\", \"age\": %d, \"city\": \"%s\"}".formatted(name, age, city);
    }

    Text words() {
      return new Text(
          "%s is %d years old and lives in %s.".formatted(name, age, city),
          "%s ist %d Jahre alt und wohnt in %s.".formatted(name, age, city));
    }
  }

  // ------------------------------------------------------- phase 1: conversations and arithmetic

  private static Row conversation(Dice dice) {
    Language language = dice.language();
    Chat chat =
        switch (dice.number(1, 10)) {
          case 1, 2, 3 -> arithmetic(dice, language);
          case 4, 5 -> comparison(dice, language);
          case 6, 7 -> translation(dice, language);
          case 8, 9 -> whereabouts(dice, language);
          default -> greeting(dice, language);
        };
    return (dice.chance(30) ? chat.withSystem(ASSISTANT.in(language)) : chat).row();
  }

  private static final Text ASSISTANT =
      new Text("You are a helpful assistant.", "Du bist ein hilfreicher Assistent.");

  private static Chat arithmetic(Dice dice, Language language) {
    Sum sum = dice.sum();
    return Chat.of(sumQuestion(dice, language, sum), sum.answered(sum.result()) + ".");
  }

  private static String sumQuestion(Dice dice, Language language, Sum sum) {
    String question =
        switch (language) {
          case ENGLISH -> dice.one("What is %s?", "How much is %s?", "Please work out %s.");
          case GERMAN -> dice.one("Was ist %s?", "Wie viel ist %s?", "Bitte rechne %s aus.");
        };
    return question.formatted(sum.asked());
  }

  private static Chat comparison(Dice dice, Language language) {
    int first = dice.number(1, 99);
    int second = (first + dice.number(1, 98) - 1) % 99 + 1;
    int larger = Math.max(first, second);
    int smaller = Math.min(first, second);
    return switch (language) {
      case ENGLISH ->
          Chat.of(
              "Which is larger, %d or %d?".formatted(first, second),
              "%d is larger than %d.".formatted(larger, smaller));
      case GERMAN ->
          Chat.of(
              "Was ist größer, %d oder %d?".formatted(first, second),
              "%d ist größer als %d.".formatted(larger, smaller));
    };
  }

  /** Asked in one language, answered in the other. */
  private static Chat translation(Dice dice, Language language) {
    Text text = Scene.any(dice).present();
    return switch (language) {
      case ENGLISH -> Chat.of("Say in German: " + text.english(), text.german());
      case GERMAN -> Chat.of("Sage auf Englisch: " + text.german(), text.english());
    };
  }

  /** The answer is in the question. */
  private static Chat whereabouts(Dice dice, Language language) {
    String one = dice.one(NAMES);
    String other = dice.another(one, NAMES);
    Text place = dice.one(PLACES);
    Text elsewhere = dice.another(place, PLACES);
    boolean asksForFirst = dice.chance(50);
    String asked = asksForFirst ? one : other;
    String there = (asksForFirst ? place : elsewhere).in(language);
    return switch (language) {
      case ENGLISH ->
          Chat.of(
              "%s is %s. %s is %s. Where is %s?"
                  .formatted(one, place.english(), other, elsewhere.english(), asked),
              asked + " is " + there + ".");
      case GERMAN ->
          Chat.of(
              "%s ist %s. %s ist %s. Wo ist %s?"
                  .formatted(one, place.german(), other, elsewhere.german(), asked),
              asked + " ist " + there + ".");
    };
  }

  private static Chat greeting(Dice dice, Language language) {
    String name = dice.one(NAMES);
    String city = dice.one(CITIES);
    return switch (language) {
      case ENGLISH ->
          Chat.of(
              dice.one("Hello, I am %s from %s.", "My name is %s and I live in %s.")
                  .formatted(name, city),
              "Hello %s! How is life in %s?".formatted(name, city));
      case GERMAN ->
          Chat.of(
              dice.one("Hallo, ich bin %s aus %s.", "Ich heiße %s und wohne in %s.")
                  .formatted(name, city),
              "Hallo %s! Wie lebt es sich in %s?".formatted(name, city));
    };
  }

  // ---------------------------------------------------- phase 2: function calls and more German

  private static Row callOrGerman(Dice dice) {
    return (dice.chance(60) ? functionCall(dice) : german(dice)).row();
  }

  /**
   * A function that the assistant may call.
   *
   * @param parameters names and types in JSON, as they stand in the description
   */
  record Tool(String name, String parameters) {
    static final Tool WEATHER = new Tool("get_weather", "\"city\": \"string\"");
    static final Tool ADD = new Tool("add", "\"a\": \"number\", \"b\": \"number\"");
    static final Tool TIMER = new Tool("set_timer", "\"minutes\": \"number\"");
    static final Tool MESSAGE = new Tool("send_message", "\"to\": \"string\", \"text\": \"string\"");
    static final Tool TRAIN = new Tool("find_train", "\"from\": \"string\", \"to\": \"string\"");
    static final List<Tool> ALL = List.of(WEATHER, ADD, TIMER, MESSAGE, TRAIN);

    static Tool any(Dice dice) {
      return dice.one(ALL);
    }

    String description() {
      return "{\"name\": \"%s\", \"parameters\": {%s}}".formatted(name, parameters);
    }

    String call(String arguments) {
      return "{\"name\": \"%s\", \"arguments\": {%s}}".formatted(name, arguments);
    }
  }

  private static Chat functionCall(Dice dice) {
    Language language = dice.language();
    Tool tool = Tool.any(dice);
    Chat chat = call(dice, language, tool);
    List<Tool> offered = new ArrayList<>(List.of(tool));
    offered.add(dice.number(0, 1), dice.another(tool, Tool.ALL));
    String system =
        new Text("Call one of these functions:", "Rufe eine dieser Funktionen auf:").in(language);
    for (Tool each : offered) {
      system += "\n" + each.description();
    }
    return chat.withSystem(system);
  }

  private static Chat call(Dice dice, Language language, Tool tool) {
    boolean english = language == Language.ENGLISH;
    String city = dice.one(CITIES);
    String other = dice.another(city, CITIES);
    if (tool == Tool.WEATHER) {
      int degrees = dice.number(1, 30);
      String day = dice.one(english ? List.of("today", "now") : List.of("heute", "jetzt"));
      return Chat.of(
              (english ? "How is the weather in %s %s?" : "Wie ist das Wetter in %s %s?")
                  .formatted(city, day),
              tool.call("\"city\": \"%s\"".formatted(city)))
          .then(
              new Message("tool", "{\"degrees\": %d}".formatted(degrees)),
              Message.assistant(
                  (english ? "It is %d degrees in %s." : "Es sind %d Grad in %s.")
                      .formatted(degrees, city)));
    }
    if (tool == Tool.ADD) {
      int a = dice.number(21, 999);
      int b = dice.number(21, 999);
      return Chat.of(
          (english ? "Please add %d and %d." : "Bitte addiere %d und %d.").formatted(a, b),
          tool.call("\"a\": %d, \"b\": %d".formatted(a, b)));
    }
    if (tool == Tool.TIMER) {
      int minutes = dice.number(2, 90);
      return Chat.of(
          (english
                  ? dice.one("Wake me in %d minutes.", "Set a timer of %d minutes.")
                  : dice.one("Wecke mich in %d Minuten.", "Stelle einen Wecker auf %d Minuten."))
              .formatted(minutes),
          tool.call("\"minutes\": %d".formatted(minutes)));
    }
    if (tool == Tool.MESSAGE) {
      String name = dice.one(NAMES);
      String text = Scene.withObject(dice).present().in(language);
      return Chat.of(
          (english ? "Write to %s: %s" : "Schreibe an %s: %s").formatted(name, text),
          tool.call("\"to\": \"%s\", \"text\": \"%s\"".formatted(name, text)));
    }
    return Chat.of(
        (english
                ? dice.one("When is there a train from %s to %s?", "I must go from %s to %s.")
                : dice.one("Wann fährt ein Zug von %s nach %s?", "Ich muss von %s nach %s."))
            .formatted(city, other),
        tool.call("\"from\": \"%s\", \"to\": \"%s\"".formatted(city, other)));
  }

  private static Chat german(Dice dice) {
    switch (dice.number(1, 3)) {
      case 1:
        Scene scene = Scene.withObject(dice);
        return Chat.of(
            "Setze in die Vergangenheit: " + scene.present().german(), scene.past().german());
      case 2:
        Person person = Person.any(dice);
        return Chat.of("Schreibe als JSON: " + person.words().german(), person.json());
      default:
        Scene now = Scene.any(dice);
        Text time = dice.one(TIMES);
        return Chat.of(
            "Wann? %s. %s".formatted(capitalized(time.german()), now.present().german()),
            now.presentAt(time).german());
    }
  }

  // ------------------------------------------------------------------------ phase 3: preferences

  private static Row pair(Dice dice) {
    Language language = dice.language();
    return switch (dice.number(1, 4)) {
      case 1 -> rightSum(dice, language);
      case 2 -> polite(dice, language);
      case 3 -> sameLanguage(dice);
      default -> validCall(dice, language);
    };
  }

  private static Row rightSum(Dice dice, Language language) {
    Sum sum = dice.sum();
    int wrong = sum.result() + dice.number(1, 3) * (dice.chance(50) && sum.result() > 3 ? -1 : 1);
    return Chat.of(sumQuestion(dice, language, sum), sum.answered(sum.result()) + ".")
        .preferredTo(sum.answered(wrong) + ".");
  }

  private static Row polite(Dice dice, Language language) {
    String name = dice.one(NAMES);
    String thing = Scene.something(dice).in(language);
    return switch (language) {
      case ENGLISH ->
          Chat.of(
                  dice.one("I am %s. I need %s.", "I am %s and I am looking for %s.")
                      .formatted(name, thing),
                  dice.one("With pleasure, %s. Let us look for it.", "Of course, %s. I will help.")
                      .formatted(name))
              .preferredTo(dice.one("No. Look for it yourself.", "That is your problem, not mine."));
      case GERMAN ->
          Chat.of(
                  dice.one("Ich bin %s. Ich brauche %s.", "Ich bin %s und ich suche %s.")
                      .formatted(name, thing),
                  dice.one("Sehr gern, %s. Wir suchen zusammen.", "Natürlich, %s. Ich helfe dir.")
                      .formatted(name))
              .preferredTo(dice.one("Nein. Suche doch selbst.", "Das ist dein Problem."));
    };
  }

  /** The language of the question, not the other. */
  private static Row sameLanguage(Dice dice) {
    String one = dice.one(NAMES);
    String other = dice.another(one, NAMES);
    Text place = dice.one(PLACES);
    Text question =
        new Text(
            "%s and %s are %s. Where is %s?".formatted(one, other, place.english(), one),
            "%s und %s sind %s. Wo ist %s?".formatted(one, other, place.german(), one));
    Text answer =
        new Text(one + " is " + place.english() + ".", one + " ist " + place.german() + ".");
    Language asked = dice.language();
    Language wrong = asked == Language.ENGLISH ? Language.GERMAN : Language.ENGLISH;
    return Chat.of(question.in(asked), answer.in(asked)).preferredTo(answer.in(wrong));
  }

  /** A call that can be read and has every argument. */
  private static Row validCall(Dice dice, Language language) {
    Tool tool = dice.one(List.of(Tool.ADD, Tool.TIMER, Tool.TRAIN));
    Chat chat =
        call(dice, language, tool)
            .withSystem(
                new Text("Call this function:", "Rufe diese Funktion auf:").in(language)
                    + "\n"
                    + tool.description());
    String call = chat.messages().get(chat.messages().size() - 1).content();
    String broken =
        switch (dice.number(1, 3)) {
          case 1 -> call.substring(0, call.length() - 2);
          case 2 -> call.replaceFirst(", \"arguments\".*", "}");
          default -> call.replace("\"name\": ", "").replace("\"arguments\": ", "");
        };
    return chat.preferredTo(broken);
  }
}
