package dev.polyphase.orchestrator.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Shows metrics to Prometheus on the same machine, for as long as a run goes. */
public final class MetricsServer implements AutoCloseable {
  private static final String PATH = "/metrics";
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private final HttpServer server;
  private final ExecutorService answering;

  private MetricsServer(HttpServer server, ExecutorService answering) {
    this.server = server;
    this.answering = answering;
  }

  /**
   * Listens on the loopback interface alone.
   *
   * @param port 0 for any that is free
   * @throws InputException where it is no port, or another program has it
   */
  public static MetricsServer start(int port, Metrics metrics) throws IOException {
    if (port < 0 || port > 65_535) {
      throw new InputException(
          "--metrics-port is " + port + "; give a port from 1 to 65535, or 0 for any");
    }
    HttpServer server;
    try {
      server =
          HttpServer.create(
              new InetSocketAddress(InetAddress.getByAddress("localhost", LOOPBACK), port), 0);
    } catch (BindException e) {
      throw new InputException(
          "--metrics-port: port "
              + port
              + " is taken or not allowed; give another, or 0 for any that is free");
    }
    ExecutorService answering =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "metrics");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(answering);
    server.createContext("/", exchange -> answer(exchange, metrics));
    server.start();
    return new MetricsServer(server, answering);
  }

  /** Where it is. */
  public String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + PATH;
  }

  private static void answer(HttpExchange exchange, Metrics metrics) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(PATH)) {
        send(exchange, 404, "text/plain; charset=utf-8", "there is " + PATH + " alone\n");
      } else if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        send(exchange, 405, "text/plain; charset=utf-8", "metrics are read with GET\n");
      } else {
        send(exchange, 200, Metrics.CONTENT_TYPE, metrics.scrape());
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** Answers nothing more. */
  @Override
  public void close() {
    server.stop(0);
    answering.shutdownNow();
  }
}
