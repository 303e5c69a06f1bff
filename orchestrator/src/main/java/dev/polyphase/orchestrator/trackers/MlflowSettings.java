package dev.polyphase.orchestrator.trackers;

import dev.polyphase.pipelines.problems.InputException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How an MLflow server is reached, by the variables that MLflow's own clients read.
 *
 * @param server its address, without a slash at the end
 * @param experiment the name of the experiment that runs are of
 * @param access what is shown to it, if anything
 */
record MlflowSettings(URI server, String experiment, Optional<Access> access) {
  /** The variable with the server's address. */
  static final String ADDRESS = "MLFLOW_TRACKING_URI";

  private static final String EXPERIMENT = "MLFLOW_EXPERIMENT_NAME";
  private static final String TOKEN = "MLFLOW_TRACKING_TOKEN";
  private static final String USER = "MLFLOW_TRACKING_USERNAME";
  private static final String PASSWORD = "MLFLOW_TRACKING_PASSWORD";

  /** A token, or a user and a password. It is no record, so that no message can hold it. */
  static final class Access {
    // Anything else would break the header that it is sent in.
    private static final Pattern TEXT = Pattern.compile("[\\x21-\\x7e]+");

    private final String header;

    private Access(String header) {
      this.header = header;
    }

    private static Access token(String token) {
      if (!TEXT.matcher(token).matches()) {
        throw new InputException(
            TOKEN + " holds no token, which is letters, digits and signs without spaces; mend it");
      }
      return new Access("Bearer " + token);
    }

    private static Access user(String user, String password) {
      byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
      return new Access("Basic " + Base64.getEncoder().encodeToString(both));
    }

    /** The value of the header {@code Authorization}. */
    String header() {
      return header;
    }
  }

  /**
   * The settings of an environment.
   *
   * @throws InputException where it names no server, or what it holds can't be meant
   */
  static MlflowSettings of(Map<String, String> environment) {
    String address = environment.getOrDefault(ADDRESS, "");
    if (address.isEmpty()) {
      throw new InputException(
          "report_to has mlflow, but %s is not set; set it to the server's address, as http://localhost:5000, or take mlflow out of report_to"
              .formatted(ADDRESS));
    }
    String experiment = environment.getOrDefault(EXPERIMENT, "");
    return new MlflowSettings(
        server(address), experiment.isBlank() ? "Default" : experiment, access(environment));
  }

  /** It may hold a password, and is not repeated. */
  private static URI server(String text) {
    try {
      URI server = new URI(text.strip().replaceAll("/+$", ""));
      String scheme = String.valueOf(server.getScheme()).toLowerCase(Locale.ROOT);
      if (Set.of("http", "https").contains(scheme)
          && server.getHost() != null
          && server.getQuery() == null
          && server.getFragment() == null) {
        if (server.getUserInfo() != null) {
          throw new InputException(
              "%s holds a user; put that into %s and %s".formatted(ADDRESS, USER, PASSWORD));
        }
        return server;
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    throw new InputException(
        ADDRESS + " is no address of a server; give one as http://localhost:5000");
  }

  private static Optional<Access> access(Map<String, String> environment) {
    String user = environment.getOrDefault(USER, "");
    String password = environment.getOrDefault(PASSWORD, "");
    String token = environment.getOrDefault(TOKEN, "").strip();
    if (user.isEmpty() != password.isEmpty()) {
      throw new InputException(
          "of %s and %s one is not set; set both or none".formatted(USER, PASSWORD));
    }
    if (!user.isEmpty()) {
      return Optional.of(Access.user(user, password));
    }
    return token.isEmpty() ? Optional.empty() : Optional.of(Access.token(token));
  }

  /** The server as sentences call it: its host. */
  String host() {
    return server.getHost() + (server.getPort() < 0 ? "" : ":" + server.getPort());
  }
}
