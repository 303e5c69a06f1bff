package dev.polyphase.trl.launch;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A line of the user's for the shell. Some words in braces stand for values, which are put into
 * quotes where the shell needs them:
 *
 * <ul>
 *   <li>{@code {driver}}: the program to run, {@code driver.py}
 *   <li>{@code {job}}: its argument, the engine folder
 *   <li>{@code {nodes}}, {@code {per_node}}: how many machines, and processes on each
 *   <li>{@code {python}}: the Python
 *   <li>{@code {name}}: a name for this launch of small letters, digits and hyphens, no other's
 * </ul>
 *
 * Other braces are the shell's, as are those behind a dollar sign.
 */
final class CommandLine {
  private static final Pattern BRACES = Pattern.compile("(?<!\\$)\\{([a-z_]+)\\}");

  private CommandLine() {}

  /** The line with its values. */
  static String filled(String line, Map<String, String> values) {
    return BRACES
        .matcher(line)
        .replaceAll(
            match -> {
              @Nullable String value = values.get(match.group(1));
              return Matcher.quoteReplacement(value == null ? match.group() : Shell.quoted(value));
            });
  }
}
