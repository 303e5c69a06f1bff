package dev.polyphase.orchestrator.service.web;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a web server is told of itself.
 *
 * @param host the name or address that it listens on
 * @param port the port; 0 for any that is free
 * @param token what has to be known; null where it is for this machine alone
 * @param version of Polyphase
 * @param devices what runs run on here
 * @param database {@code h2} or {@code postgresql}
 * @param home {@code POLYPHASE_HOME}
 * @param folder the folder that paths in requests are seen from
 * @param heartbeat how long a stream is silent at most
 * @param patience how long one who takes nothing of what is sent is waited for
 */
public record WebSettings(
    String host,
    int port,
    @Nullable AccessToken token,
    String version,
    List<String> devices,
    String database,
    Path home,
    Path folder,
    Duration heartbeat,
    Duration patience) {
  /** Long enough for networks that are lost for a moment, short enough for proxies. */
  public static final Duration HEARTBEAT = Duration.ofSeconds(15);

  /** Longer than streams are silent. */
  public static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Settings that can't change. */
  public WebSettings {
    devices = List.copyOf(devices);
  }
}
