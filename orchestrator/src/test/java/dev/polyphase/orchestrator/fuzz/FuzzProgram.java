package dev.polyphase.orchestrator.fuzz;

import dev.polyphase.orchestrator.cli.Polyphase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs cases in a process of its own, which may come to an end or hang by one. It reads the numbers
 * of cases, a line each, and answers each with two lines: what it is, before it begins, and how it
 * ended. What else stands on its standard output is not its own.
 */
public final class FuzzProgram {
  static final String READY = "fuzz: ready";
  static final String BEGINS = "fuzz: begins ";
  static final String ENDED = "fuzz: ended ";

  /** Stands for a line's end within an answer. */
  static final String LINE = "\u2028";

  private static final int MOST_CHARACTERS = 8_192;
  private static final int MOST_LINES = 40;

  /** What a trace and a native library's last words look like. */
  private static final List<String> TRACES = List.of("\tat ", "panicked", "c10::", "Caused by");

  /** What rewrites a terminal, or shows text in another order than it is. */
  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cntrl}&&[^\\n]]|[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\ufffe]");

  /**
   * A step that gives no number: the weights that a case damaged are numbers to all that looks
   * before training, and training says with a saved state that it can't go on.
   */
  private static final Pattern NO_NUMBER =
      Pattern.compile("(?s).*phase \\w+: the (loss|gradient).* of step \\d+ is .*");

  private final Workplace workplace;
  private final long seed;
  private final Path messages;

  private FuzzProgram(Workplace workplace, long seed, Path messages) {
    this.workplace = workplace;
    this.seed = seed;
    this.messages = messages;
  }

  /**
   * Runs the cases that standard input names.
   *
   * @param args the folder to work in, the seed, and the file that standard error goes to
   */
  public static void main(String[] args) throws IOException {
    new FuzzProgram(new Workplace(Path.of(args[0])), Long.parseLong(args[1]), Path.of(args[2]))
        .run();
  }

  private void run() throws IOException {
    if (!Files.exists(workplace.base())) {
      workplace.makeBase();
      for (FuzzCase sound : FuzzCase.unchanged()) {
        Workplace.remove(workplace.current());
        sound.copy(workplace);
        List<String> wrong = wrong(sound, 0);
        if (!wrong.isEmpty()) {
          say(ENDED + "unchanged: " + sound.command() + LINE + String.join(LINE, wrong));
          return;
        }
      }
    }
    say(READY);
    BufferedReader numbers =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = numbers.readLine(); line != null; line = numbers.readLine()) {
      Random random = FuzzCase.random(seed, Integer.parseInt(line));
      FuzzCase drawn = FuzzCase.drawn(random);
      Workplace.remove(workplace.current());
      drawn.copy(workplace);
      String how = drawn.mutate(workplace, random);
      say(BEGINS + drawn.file() + LINE + how + LINE + drawn.command());
      say(ENDED + String.join(LINE, wrong(drawn, 2)));
    }
  }

  private static void say(String line) {
    System.out.println(line.replace("\n", LINE));
    System.out.flush();
  }

  /**
   * What a case does that it must not, nothing else.
   *
   * @param worst the highest exit code that is right
   */
  private List<String> wrong(FuzzCase one, int worst) throws IOException {
    FolderListing before = FolderListing.of(workplace.root());
    long said = Files.size(messages);
    Polyphase.Ended ended = Polyphase.execute(workplace.environment(), one.args(workplace));
    FolderListing after = FolderListing.of(workplace.root());

    List<String> wrong = new ArrayList<>();
    if (Files.size(messages) != said) {
      wrong.add("a library wrote to standard error");
    }
    int exitCode = ended.exitCode();
    boolean noNumber =
        exitCode == 1
            && one.command().startsWith("run ")
            && NO_NUMBER.matcher(ended.messages()).matches();
    if (exitCode != 0 && exitCode != worst && !noNumber) {
      wrong.add("exit code " + exitCode);
    }
    about(ended.messages(), "standard error", wrong);
    if (exitCode != 0) {
      about(ended.results(), "standard output", wrong);
      if (ended.messages().isBlank()) {
        wrong.add("it failed without a word");
      }
    }
    before
        .differences(after)
        .forEach(
            (path, difference) -> {
              if (!mayChange(path, exitCode)) {
                wrong.add(difference);
              }
            });
    if (!wrong.isEmpty()) {
      wrong.add("standard error: " + cut(ended.messages()));
      wrong.add("standard output: " + cut(ended.results()));
      if (exitCode == 1) {
        wrong.add(trace(one));
      }
    }
    return wrong;
  }

  /** What is wrong with a text that a user sees. */
  private static void about(String text, String where, List<String> wrong) {
    if (text.length() > MOST_CHARACTERS || text.lines().count() > MOST_LINES) {
      wrong.add(
          "%s has %d characters in %d lines".formatted(where, text.length(), text.lines().count()));
    }
    Stream.concat(Polyphase.LIBRARIES.stream(), TRACES.stream())
        // A key of the user's may be called null, too.
        .filter(words -> words.equals("null:") ? text.startsWith(words) : text.contains(words))
        .forEach(words -> wrong.add(where + " holds '" + words + "'"));
    Matcher control = CONTROL.matcher(text);
    if (control.find()) {
      wrong.add(where + " holds U+%04X".formatted(control.group().codePointAt(0)));
    }
  }

  /** The wrong input of a command leaves nothing behind; scans are kept whatever becomes of it. */
  private boolean mayChange(Path path, int exitCode) {
    return (path.startsWith(workplace.out()) && exitCode != 2)
        // A file that was begun and given up leaves no more than its folder's time.
        || path.equals(workplace.out())
        || path.startsWith(workplace.home().resolve("cache"))
        || (path.startsWith(workplace.home().resolve("runs")) && exitCode != 2)
        || path.equals(workplace.home())
        || path.equals(workplace.temporary());
  }

  /** Where it fails, for whoever is to mend it. */
  private String trace(FuzzCase one) {
    String[] args =
        Stream.concat(Stream.of("--debug"), Arrays.stream(one.args(workplace)))
            .toArray(String[]::new);
    String messages = Polyphase.execute(workplace.environment(), args).messages();
    int trace = messages.indexOf("\n\tat ");
    return cut(messages.substring(Math.max(0, trace - 500)));
  }

  private static String cut(String text) {
    return text.length() > MOST_CHARACTERS ? text.substring(0, MOST_CHARACTERS) + "…" : text;
  }
}
