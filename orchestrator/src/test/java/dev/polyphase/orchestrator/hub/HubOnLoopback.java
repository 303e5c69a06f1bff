package dev.polyphase.orchestrator.hub;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A hub on this machine with one repository: its interface as huggingface_hub's client uses it.
 * Files of the list {@code large} are in large file storage, a second server of another origin, to
 * which it redirects.
 */
public final class HubOnLoopback implements AutoCloseable {
  private static final int PAGE = 3;

  /** What was asked for. */
  record Asked(String path, @Nullable String authorization, @Nullable String range, String agent) {}

  /** An answer other than the usual one, given once. */
  public interface Reaction {
    void answer(HttpExchange exchange, byte[] content) throws IOException;
  }

  final List<Asked> asked = Collections.synchronizedList(new ArrayList<>());
  final List<Asked> askedOfStorage = Collections.synchronizedList(new ArrayList<>());
  public final Map<String, byte[]> files = new TreeMap<>();
  private final String path;
  private final String commit;
  private final List<String> large;
  private final Map<String, Deque<Reaction>> reactions = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer hub;
  private final HttpServer storage;

  /**
   * A hub that runs.
   *
   * @param path of the repository, {@code o/n} or {@code datasets/o/n}
   * @param commit what its revisions {@code main}, {@code v1.0} and {@code refs/pr/1} are
   */
  public HubOnLoopback(String path, String commit, Map<String, byte[]> files, List<String> large)
      throws IOException {
    this.path = path;
    this.commit = commit;
    this.files.putAll(files);
    this.large = large;
    hub = server(this::answer);
    storage = server(this::answerFromStorage);
  }

  private HttpServer server(HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", handler);
    server.start();
    return server;
  }

  public String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  /**
   * Answers the next request whose path ends so in this way; in the storage they are {@code
   * storage/NAME}.
   */
  public void once(String end, Reaction reaction) {
    reactions.computeIfAbsent(end, key -> new ConcurrentLinkedDeque<>()).add(reaction);
  }

  /** Ends the connection after so many bytes. */
  public static Reaction cutAfter(int bytes) {
    return (exchange, content) -> {
      int from = from(exchange);
      send(exchange, content, from, Math.min(content.length, from + bytes));
    };
  }

  /** A refusal. */
  static Reaction status(int status, String... headers) {
    return (exchange, content) -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    };
  }

  /** Other bytes than asked for, of a length that it says. */
  static Reaction instead(byte[] bytes) {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
      exchange.close();
    };
  }

  /** More or fewer bytes than there are, of a length that it does not say. */
  static Reaction unsaid(byte[] bytes) {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(bytes);
      exchange.close();
    };
  }

  /** All of it from the beginning, whatever was asked for. */
  static Reaction withoutRange() {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, content.length);
      exchange.getResponseBody().write(content);
      exchange.close();
    };
  }

  private void answer(HttpExchange exchange) throws IOException {
    asked.add(of(exchange));
    String asked = exchange.getRequestURI().getRawPath();
    @Nullable Reaction once = next(asked);
    if (once != null) {
      String name = asked.substring(asked.lastIndexOf('/') + 1);
      once.answer(exchange, files.getOrDefault(name, new byte[0]));
      return;
    }
    String api = "/api/" + (path.startsWith("datasets/") ? path : "models/" + path);
    if (asked.matches("\\Q" + api + "\\E/revision/(main|v1.0|refs%2Fpr%2F1)")) {
      json(exchange, "{\"id\": \"x\", \"sha\": \"" + commit + "\", \"siblings\": []}");
    } else if (asked.equals(api + "/tree/" + commit)) {
      tree(exchange);
    } else if (asked.startsWith("/" + path + "/resolve/" + commit + "/")) {
      file(exchange, asked.substring(("/" + path + "/resolve/" + commit + "/").length()));
    } else {
      exchange.getResponseHeaders().add("X-Error-Code", "RevisionNotFound");
      exchange.sendResponseHeaders(404, -1);
      exchange.close();
    }
  }

  private void file(HttpExchange exchange, String escaped) throws IOException {
    String name = URLDecoder.decode(escaped, StandardCharsets.UTF_8);
    byte[] content = files.get(name);
    if (content == null) {
      status(404, "X-Error-Code", "EntryNotFound").answer(exchange, new byte[0]);
    } else if (large.contains(name)) {
      exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + sha256(content) + "\"");
      exchange
          .getResponseHeaders()
          .add(
              "Location",
              "http://127.0.0.1:"
                  + storage.getAddress().getPort()
                  + "/"
                  + sha256(content)
                  + "?sig=1");
      exchange.sendResponseHeaders(302, -1);
      exchange.close();
    } else {
      send(exchange, content, from(exchange), content.length);
    }
  }

  private void answerFromStorage(HttpExchange exchange) throws IOException {
    askedOfStorage.add(of(exchange));
    String digest = exchange.getRequestURI().getPath().substring(1);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      if (sha256(file.getValue()).equals(digest)) {
        @Nullable Reaction once = next("storage/" + file.getKey());
        if (once == null) {
          send(exchange, file.getValue(), from(exchange), file.getValue().length);
        } else {
          once.answer(exchange, file.getValue());
        }
        return;
      }
    }
  }

  private @Nullable Reaction next(String path) {
    for (Map.Entry<String, Deque<Reaction>> reaction : reactions.entrySet()) {
      @Nullable Reaction next =
          path.endsWith(reaction.getKey()) ? reaction.getValue().poll() : null;
      if (next != null) {
        return next;
      }
    }
    return null;
  }

  /** In pages, of which each names the next. */
  private void tree(HttpExchange exchange) throws IOException {
    List<String> names = new ArrayList<>(files.keySet());
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
    ArrayNode page = JsonNodeFactory.instance.arrayNode();
    page.addObject().put("type", "directory").put("oid", commit).put("path", "onnx");
    for (String name : names.subList(from, Math.min(names.size(), from + PAGE))) {
      byte[] content = files.get(name);
      ObjectNode file =
          page.addObject().put("type", "file").put("path", name).put("size", content.length);
      file.put("oid", large.contains(name) ? "0".repeat(40) : gitId(content));
      if (large.contains(name)) {
        file.putObject("lfs").put("oid", sha256(content)).put("size", content.length);
      }
    }
    if (from + PAGE < names.size()) {
      exchange
          .getResponseHeaders()
          .add(
              "Link",
              "<%s%s?recursive=true&cursor=%d>; rel=\"next\""
                  .formatted(
                      "https://hub.invalid", exchange.getRequestURI().getPath(), from + PAGE));
    }
    json(exchange, page.toString());
  }

  private static void json(HttpExchange exchange, String text) throws IOException {
    instead(text.getBytes(StandardCharsets.UTF_8)).answer(exchange, new byte[0]);
  }

  private static int from(HttpExchange exchange) {
    String range = exchange.getRequestHeaders().getFirst("Range");
    return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=|-", ""));
  }

  private static void send(HttpExchange exchange, byte[] content, int from, int to)
      throws IOException {
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .add(
              "Content-Range",
              "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    }
    int length = content.length - from;
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, length == 0 ? -1 : length);
    exchange.getResponseBody().write(Arrays.copyOfRange(content, from, to));
    if (length > 0) {
      // Newer Javas keep the head and what was written until then, and a close in between drops it.
      exchange.getResponseBody().flush();
    }
    exchange.close();
  }

  private static Asked of(HttpExchange exchange) {
    return new Asked(
        exchange.getRequestURI().getRawPath(),
        exchange.getRequestHeaders().getFirst("Authorization"),
        exchange.getRequestHeaders().getFirst("Range"),
        exchange.getRequestHeaders().getFirst("User-Agent"));
  }

  public static String sha256(byte[] content) {
    return digest("SHA-256", content);
  }

  static String gitId(byte[] content) {
    byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(header, header.length + content.length);
    System.arraycopy(content, 0, all, header.length, content.length);
    return digest("SHA-1", all);
  }

  private static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    storage.stop(0);
    threads.shutdownNow();
  }
}
