package dev.polyphase.orchestrator.service.web;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;
import io.javalin.http.Cookie;
import io.javalin.http.HandlerType;
import io.javalin.http.SameSite;
import java.time.Clock;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask for what. Without a token the service is for this machine, and what a browser asks on
 * behalf of other sites, be it under a name that leads here, is refused. With one, whoever knows it
 * may ask from anywhere: scripts by a header, the page by the cookie of a login.
 */
final class Access {
  static final String COOKIE = "polyphase-session";
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127(\\.\\d{1,3}){3}|\\[::1\\])(:\\d{1,5})?");
  private static final Set<HandlerType> READING = Set.of(HandlerType.GET, HandlerType.HEAD);
  private static final String BEARER = "bearer ";

  private final @Nullable AccessToken token;
  private final Sessions sessions;
  private final FailedAttempts failures;

  /**
   * The access of a service.
   *
   * @param token what has to be known; null where the service is for this machine alone
   */
  Access(@Nullable AccessToken token, Clock clock) {
    this.token = token;
    this.sessions = new Sessions(clock);
    this.failures = new FailedAttempts(clock);
  }

  boolean tokenRequired() {
    return token != null;
  }

  /** Refuses what may not be asked; runs before every request. */
  void check(Context request) {
    if (token == null && !LOOPBACK.matcher(host(request)).matches()) {
      throw new Refusal(
          Refusal.FORBIDDEN,
          "this service is for its own machine: ask for it as localhost or 127.0.0.1, or start it"
              + " with --token-file");
    }
    if (!isData(request.path())) {
      return;
    }
    requireOwnSite(request);
    if (!READING.contains(request.method())) {
      requireJson(request);
    }
    if (!request.path().equals("/api/login")) {
      requireToken(request);
    }
  }

  /** The page itself, the description and the health tell nothing of anyone's runs. */
  private static boolean isData(String path) {
    return path.startsWith("/api/") || path.equals("/metrics");
  }

  private static String host(Context request) {
    @Nullable String host = request.header("Host");
    return host == null ? "" : host.toLowerCase(Locale.ROOT);
  }

  private static void requireOwnSite(Context request) {
    @Nullable String site = request.header("Sec-Fetch-Site");
    @Nullable String origin = request.header("Origin");
    boolean otherSite = site != null && !site.equals("same-origin") && !site.equals("none");
    boolean otherOrigin =
        origin != null
            && !origin
                .toLowerCase(Locale.ROOT)
                .replaceFirst("^https?://", "")
                .equals(host(request));
    if (otherSite || otherOrigin) {
      throw new Refusal(
          Refusal.FORBIDDEN, "this was asked by a page of another site, which may not");
    }
  }

  private static void requireJson(Context request) {
    if (request.method().equals(HandlerType.DELETE)) {
      return;
    }
    @Nullable String type = request.header("Content-Type");
    if (type == null
        || !type.toLowerCase(Locale.ROOT).split(";", 2)[0].strip().equals("application/json")) {
      throw new Refusal(Refusal.WRONG_TYPE, "send this with Content-Type: application/json");
    }
  }

  private void requireToken(Context request) {
    if (token == null) {
      return;
    }
    @Nullable String session = request.cookie(COOKIE);
    if (session != null && sessions.holds(session)) {
      return;
    }
    @Nullable String header = request.header("Authorization");
    if (header == null) {
      throw new Refusal(
          Refusal.NOT_LOGGED_IN,
          "the token is needed: log in on the page, or send Authorization: Bearer and the token");
    }
    boolean bearer = header.toLowerCase(Locale.ROOT).startsWith(BEARER);
    requireRight(request, bearer ? header.substring(BEARER.length()).strip() : "");
  }

  private void requireRight(Context request, String shown) {
    String address = request.ip();
    if (failures.tooMany(address)) {
      request.header("Retry-After", Long.toString(FailedAttempts.WITHIN.toSeconds()));
      throw new Refusal(
          Refusal.TOO_MANY, "too many wrong tokens came from this address; wait a minute");
    }
    if (!requireNonNull(token).is(shown)) {
      failures.add(address);
      throw new Refusal(Refusal.NOT_LOGGED_IN, "the token is wrong");
    }
  }

  /** {@code POST /api/login}: a cookie for whoever shows the token. */
  void login(Context request) {
    JsonNode shown = Bodies.object(request).path("token");
    if (token != null) {
      requireRight(request, shown.asText(""));
    }
    request.cookie(cookie(request, sessions.begin(), -1));
    request.status(204);
  }

  /** {@code POST /api/logout}. */
  void logout(Context request) {
    @Nullable String session = request.cookie(COOKIE);
    if (session != null) {
      sessions.end(session);
    }
    request.cookie(cookie(request, "", 0));
    request.status(204);
  }

  private static Cookie cookie(Context request, String value, int maxAge) {
    Cookie cookie = new Cookie(COOKIE, value);
    cookie.setPath("/");
    cookie.setHttpOnly(true);
    cookie.setSameSite(SameSite.STRICT);
    cookie.setMaxAge(maxAge);
    // Behind a proxy it is the proxy that speaks https.
    cookie.setSecure(
        request.req().isSecure() || "https".equals(request.header("X-Forwarded-Proto")));
    return cookie;
  }
}
