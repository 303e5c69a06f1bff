package dev.polyphase.orchestrator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.hub.DownloadListener.Waiter;
import dev.polyphase.orchestrator.hub.Listing.RemoteFile;
import dev.polyphase.orchestrator.hub.TryAgainException.Tries;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * The hub's HTTP interface. Redirects are followed here, so that the token is shown to the hub
 * itself alone, and not to who serves its files.
 */
final class HubServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MOST_REDIRECTS = 10;

  /** A list of a thousand files has a third of one. */
  private static final int MOST_JSON = 64 << 20;

  /** A million files. */
  private static final int MOST_PAGES = 1000;

  /** As much of a body that nobody wants is cheaper than a new connection. */
  private static final int LITTLE = 1 << 16;

  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");

  /** {@code "api";r=0;t=55}: nothing left for 55 seconds. */
  private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*t=([0-9]{1,9})");

  private final HubSettings settings;
  private final String userAgent;
  private final Waiter waiter;
  private final ExecutorService threads;
  private final HttpClient client;
  private final HubFailures failures;

  /**
   * A way to the hub.
   *
   * @param userAgent what it is told of who asks
   */
  HubServer(HubFailures failures, String userAgent, Waiter waiter) {
    this.settings = failures.settings();
    this.failures = failures;
    this.userAgent = userAgent;
    this.waiter = waiter;
    this.threads = Executors.newCachedThreadPool(HubServer::daemon);
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.timeout())
            .executor(threads)
            .build();
  }

  /** The host of the hub, for messages. */
  String host() {
    return settings.host();
  }

  static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "hub");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * An answer whose body is still to be read.
   *
   * @param status 200, 206 or 416
   */
  record Answer(int status, HttpHeaders headers, BodyReader body) implements AutoCloseable {
    @Override
    public void close() {
      body.close();
    }
  }

  /**
   * The commit that a revision is now.
   *
   * @throws UnreachableHubException if the hub can't be spoken to
   */
  String commit(Repository repository, String revision) throws IOException, InterruptedException {
    String commit =
        json(address(repository.revision(revision)), repository, revision)
            .value()
            .path("sha")
            .asText();
    if (!Listing.isCommit(commit)) {
      throw noHub();
    }
    return commit;
  }

  /** All files of a commit. */
  Listing list(Repository repository, String commit) throws IOException, InterruptedException {
    SortedMap<String, RemoteFile> files = new TreeMap<>();
    Optional<String> query = Optional.of("?recursive=true");
    for (int pages = 0; query.isPresent(); pages++) {
      if (pages == MOST_PAGES) {
        throw noHub();
      }
      Page page = json(address(repository.tree(commit) + query.get()), repository, commit);
      if (!page.value.isArray()) {
        throw noHub();
      }
      try {
        for (JsonNode entry : page.value) {
          Listing.listed(entry).ifPresent(file -> files.put(file.name(), file));
        }
      } catch (IllegalArgumentException e) {
        throw noHub();
      }
      query = page.next;
    }
    return new Listing(commit, files);
  }

  private OperationFailedException noHub() {
    return new OperationFailedException(
        "%s does not answer as the hub does; check HF_ENDPOINT".formatted(settings.host()));
  }

  /**
   * A part of an answer.
   *
   * @param next the query of the next part; its address is this one's, whatever a mirror of the hub
   *     says that it is
   */
  private record Page(JsonNode value, Optional<String> next) {}

  private Page json(URI address, Repository repository, String revision)
      throws IOException, InterruptedException {
    Tries tries = new Tries(waiter);
    while (true) {
      try (Answer answer = get(address, Optional.empty(), repository, revision)) {
        byte[] text = read(answer.body);
        Optional<String> next =
            answer
                .headers
                .firstValue("Link")
                .map(NEXT::matcher)
                .filter(Matcher::find)
                .map(link -> link.group(1))
                .filter(link -> link.contains("?"))
                .map(link -> link.substring(link.indexOf('?')));
        return new Page(parsed(text), next);
      } catch (TryAgainException e) {
        if (!e.reached()) {
          throw new UnreachableHubException(String.valueOf(e.getMessage()), e);
        }
        tries.failed(e);
      }
    }
  }

  private JsonNode parsed(byte[] text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw noHub();
    }
  }

  private byte[] read(BodyReader body) throws InterruptedException, TryAgainException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (List<ByteBuffer> piece = next(body); !piece.isEmpty(); piece = next(body)) {
      for (ByteBuffer bytes : piece) {
        if (all.size() + bytes.remaining() > MOST_JSON) {
          throw noHub();
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        all.writeBytes(copy);
      }
    }
    return all.toByteArray();
  }

  /** The next piece of a body; none at its end. */
  List<ByteBuffer> next(BodyReader body) throws InterruptedException, TryAgainException {
    try {
      return body.next(settings.timeout());
    } catch (HttpTimeoutException e) {
      throw silent(settings.host());
    } catch (IOException e) {
      throw TryAgainException.answered(
          "the connection to %s was cut".formatted(settings.host()), Optional.empty());
    }
  }

  private TryAgainException silent(String host) {
    return TryAgainException.answered(
        "%s has sent nothing for %d s (HF_HUB_DOWNLOAD_TIMEOUT)"
            .formatted(host, settings.timeout().toSeconds()),
        Optional.empty());
  }

  /**
   * Asks for a file.
   *
   * @param from the byte to begin with
   */
  Answer open(Repository repository, String commit, RemoteFile file, long from)
      throws InterruptedException, TryAgainException {
    return get(
        address(repository.file(commit, file.name())),
        from == 0 ? Optional.empty() : Optional.of("bytes=" + from + "-"),
        repository,
        file.name());
  }

  private URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private Answer get(URI first, Optional<String> range, Repository repository, String of)
      throws InterruptedException, TryAgainException {
    URI address = first;
    for (int i = 0; i <= MOST_REDIRECTS; i++) {
      HttpResponse<BodyReader> response = send(address, range);
      int status = response.statusCode();
      if (REDIRECTS.contains(status)) {
        URI from = address;
        address =
            response
                .headers()
                .firstValue("Location")
                .flatMap(to -> target(from, to))
                .orElseThrow(this::noHub);
        drain(response);
      } else if (status == 200 || status == 206 || status == 416) {
        return new Answer(status, response.headers(), response.body());
      } else {
        response.body().close();
        refuse(response, repository, of);
      }
    }
    throw noHub();
  }

  /** Where a redirect leads; nowhere if it gives up the encryption. */
  private static Optional<URI> target(URI from, String to) {
    URI target;
    try {
      target = from.resolve(to);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    String scheme = String.valueOf(target.getScheme()).toLowerCase(Locale.ROOT);
    boolean allowed = scheme.equals("https") || scheme.equals(from.getScheme());
    return allowed && target.getHost() != null ? Optional.of(target) : Optional.empty();
  }

  private void drain(HttpResponse<BodyReader> response)
      throws InterruptedException, TryAgainException {
    BodyReader body = response.body();
    if (response.headers().firstValueAsLong("Content-Length").orElse(Long.MAX_VALUE) <= LITTLE) {
      while (!next(body).isEmpty()) {
        // To the end, so that the connection can be used again.
      }
    }
    body.close();
  }

  private HttpResponse<BodyReader> send(URI address, Optional<String> range)
      throws InterruptedException, TryAgainException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .timeout(settings.timeout())
            .header("User-Agent", userAgent)
            .header("Accept-Encoding", "identity");
    range.ifPresent(bytes -> request.header("Range", bytes));
    if (isHub(address)) {
      settings.token().ifPresent(token -> request.header("Authorization", token.authorization()));
    }
    try {
      return client.send(request.build(), response -> new BodyReader());
    } catch (SSLException e) {
      throw new OperationFailedException(
          "the connection to %s is not safe, as its certificate is not one that Java trusts; check HF_ENDPOINT, or add the certificate to Java's"
              .formatted(address.getHost()),
          e);
    } catch (ConnectException | HttpConnectTimeoutException e) {
      throw TryAgainException.unreached("%s can't be reached".formatted(address.getHost()), e);
    } catch (HttpTimeoutException e) {
      throw silent(address.getHost());
    } catch (IOException e) {
      throw TryAgainException.answered(
          "the connection to %s was cut".formatted(address.getHost()), Optional.empty());
    }
  }

  private boolean isHub(URI address) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(address.getScheme())
        && hub.getHost().equalsIgnoreCase(address.getHost())
        && port(hub) == port(address);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return address.getScheme().equalsIgnoreCase("https") ? 443 : 80;
  }

  private void refuse(HttpResponse<BodyReader> response, Repository repository, String of)
      throws TryAgainException {
    int status = response.statusCode();
    HttpHeaders headers = response.headers();
    if (status == 429) {
      throw TryAgainException.answered(
          "%s asks for fewer requests (429)%s"
              .formatted(
                  settings.host(),
                  settings.token().isPresent()
                      ? ""
                      : ", of which those with a token (HF_TOKEN) may make more"),
          retryAfter(headers));
    }
    if (status >= 500 || status == 408) {
      throw TryAgainException.answered(
          "%s has a fault of its own (%d)".formatted(settings.host(), status), retryAfter(headers));
    }
    String code = headers.firstValue("X-Error-Code").orElse("");
    throw failures.of(status, code, repository, of);
  }

  /** {@code Retry-After} in seconds; of a date nothing is taken, as clocks differ. */
  private static Optional<Duration> retryAfter(HttpHeaders headers) {
    return headers
        .firstValue("Retry-After")
        .map(String::strip)
        .filter(seconds -> seconds.matches("[0-9]{1,9}"))
        .or(
            () ->
                headers
                    .firstValue("RateLimit")
                    .map(RATE_LIMIT::matcher)
                    .filter(Matcher::find)
                    .map(limit -> limit.group(1)))
        .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)));
  }

  /** Its threads end; they would not keep the process from ending. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
