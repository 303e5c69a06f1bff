package dev.polyphase.orchestrator.hub;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How the hub is reached, by the variables that Hugging Face's own tools read.
 *
 * @param endpoint its address, without a slash at the end
 * @param token what a user has to show for private and gated repositories
 * @param offline whether nothing may be downloaded, by which variable
 * @param timeout how long the hub may say nothing
 */
record HubSettings(
    URI endpoint, Optional<Token> token, Optional<String> offline, Duration timeout) {
  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

  /** A token. It is no record, so that no message can hold it. */
  static final class Token {
    // Anything else would break the header that it is sent in.
    private static final Pattern TEXT = Pattern.compile("[\\x21-\\x7e]+");

    private final String text;
    private final String from;

    private Token(String text, String from) {
      this.text = text;
      this.from = from;
    }

    static Optional<Token> of(String text, String from) {
      String token = text.strip();
      if (token.isEmpty()) {
        return Optional.empty();
      }
      if (!TEXT.matcher(token).matches()) {
        throw new InputException(
            from + " holds no token, which is letters, digits and signs without spaces; mend it");
      }
      return Optional.of(new Token(token, from));
    }

    /** The value of the header {@code Authorization}. */
    String authorization() {
      return "Bearer " + text;
    }

    /** The variable or file that it is from. */
    String from() {
      return from;
    }
  }

  /**
   * The settings of an environment.
   *
   * @param home the user's home folder
   */
  static HubSettings of(Map<String, String> environment, Path home) throws IOException {
    return new HubSettings(
        endpoint(environment.getOrDefault("HF_ENDPOINT", "")),
        token(environment, home),
        offline(environment),
        timeout(environment.getOrDefault("HF_HUB_DOWNLOAD_TIMEOUT", "")));
  }

  /** Hugging Face's folder: {@code HF_HOME}, else {@code ~/.cache/huggingface}. */
  static Path folder(Map<String, String> environment, Path home) {
    String hfHome = environment.getOrDefault("HF_HOME", "");
    if (!hfHome.isEmpty()) {
      return path(hfHome, home);
    }
    String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
    return (caches.isEmpty() ? home.resolve(".cache") : path(caches, home)).resolve("huggingface");
  }

  /** A path of which {@code ~} is the home folder. */
  static Path path(String text, Path home) {
    return text.startsWith("~/") ? home.resolve(text.substring(2)) : Path.of(text);
  }

  private static URI endpoint(String text) {
    try {
      URI endpoint = new URI(text.isEmpty() ? DEFAULT_ENDPOINT : text.replaceAll("/+$", ""));
      String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
      if (Set.of("http", "https").contains(scheme)
          && endpoint.getHost() != null
          && endpoint.getUserInfo() == null
          && endpoint.getQuery() == null
          && endpoint.getFragment() == null) {
        return endpoint;
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    throw new InputException(
        "HF_ENDPOINT is no address of a hub; give one as https://huggingface.co, or unset it");
  }

  private static Optional<Token> token(Map<String, String> environment, Path home)
      throws IOException {
    for (String variable : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      Optional<Token> token = Token.of(environment.getOrDefault(variable, ""), variable);
      if (token.isPresent()) {
        return token;
      }
    }
    String given = environment.getOrDefault("HF_TOKEN_PATH", "");
    Path file = given.isEmpty() ? folder(environment, home).resolve("token") : path(given, home);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Token.of(
          new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1), file.toString());
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  private static Optional<String> offline(Map<String, String> environment) {
    for (String variable : new String[] {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
      String value = environment.getOrDefault(variable, "");
      if (!value.isEmpty()) {
        return YES.contains(value.toUpperCase(Locale.ROOT))
            ? Optional.of(variable)
            : Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static Duration timeout(String seconds) {
    if (seconds.isEmpty()) {
      return DEFAULT_TIMEOUT;
    }
    if (!seconds.matches("[1-9][0-9]{0,5}")) {
      throw new InputException(
          "HF_HUB_DOWNLOAD_TIMEOUT is " + seconds + "; give whole seconds from 1 on, as 30");
    }
    return Duration.ofSeconds(Long.parseLong(seconds));
  }

  /** The hub as sentences call it: its host. */
  String host() {
    return endpoint.getHost() + (endpoint.getPort() < 0 ? "" : ":" + endpoint.getPort());
  }
}
