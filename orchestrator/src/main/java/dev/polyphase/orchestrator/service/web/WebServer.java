package dev.polyphase.orchestrator.service.web;

import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.service.watch.RunReports;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import dev.polyphase.pipelines.problems.InputException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Answers over HTTP: the routes, what every answer has in common, and the server itself. */
public final class WebServer implements AutoCloseable {
  /** Scripts, styles and pictures are the service's own, and no other page may frame it. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  /** A stream has a thread while it is open; the others answer in moments. */
  private static final int THREADS = Streams.MOST + 56;

  private static final int FEWEST_THREADS = 4;
  private static final int IDLE_THREADS_MILLIS = 10_000;
  private static final long STOP_MILLIS = 2_000;

  private final WebSettings settings;
  private final Consumer<String> messages;
  private final Access access;
  private final Streams streams;
  private final PlanRoute plans;
  private final Javalin server;

  /**
   * A server, which listens from {@link #start} on.
   *
   * @param metrics the text of {@code /metrics}
   * @param program makes the command that runs this program with some arguments
   * @param messages is told in a sentence what goes wrong unexpectedly
   */
  public WebServer(
      WebSettings settings,
      RunWatcher watcher,
      RunQueue queue,
      Schedules schedules,
      Supplier<String> metrics,
      UnaryOperator<List<String>> program,
      Clock clock,
      Consumer<String> messages) {
    this.settings = settings;
    this.messages = messages;
    this.access = new Access(settings.token(), clock);
    this.streams = new Streams(watcher, settings.heartbeat());
    Places places = new Places(settings.folder());
    this.plans = new PlanRoute(program, places);
    RunReports reports = new RunReports();
    this.server =
        Javalin.create(
            config -> {
              configure(config);
              addCommon(config.routes);
              new ServiceRoutes(settings, access, streams, metrics, clock.instant())
                  .addTo(config.routes);
              new RunRoutes(watcher, reports, queue, new KnownFolders(settings.home()))
                  .addTo(config.routes);
              new RunFileRoutes(watcher, reports, queue, streams).addTo(config.routes);
              new QueueRoutes(queue, watcher, places).addTo(config.routes);
              new ScheduleRoutes(schedules, watcher, places).addTo(config.routes);
              plans.addTo(config.routes);
              PageFiles.addTo(config.routes);
            });
  }

  private void configure(JavalinConfig config) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.http.prefer405over404 = true;
    config.jetty.threadPool = new QueuedThreadPool(THREADS, FEWEST_THREADS, IDLE_THREADS_MILLIS);
    config.jetty.modifyServer(
        jetty -> {
          jetty.setErrorHandler(new PlainErrors());
          jetty.setStopTimeout(STOP_MILLIS);
        });
    config.jetty.addConnector((jetty, http) -> connector(jetty, http));
  }

  private ServerConnector connector(Server jetty, HttpConfiguration http) {
    http.setSendServerVersion(false);
    http.setSendXPoweredBy(false);
    ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
    connector.setHost(settings.host());
    connector.setPort(settings.port());
    connector.setIdleTimeout(settings.patience().toMillis());
    return connector;
  }

  private void addCommon(RoutesConfig routes) {
    routes.before(
        request -> {
          addHeaders(request);
          access.check(request);
        });
    routes.exception(Refusal.class, (refusal, request) -> Answers.refusal(request, refusal));
    routes.exception(
        InputException.class,
        (wrong, request) ->
            Answers.refusal(request, new Refusal(Refusal.WRONG_INPUT, wrong.problems())));
    routes.exception(
        HttpResponseException.class,
        (failure, request) ->
            Answers.refusal(request, new Refusal(failure.getStatus(), sentence(failure))));
    routes.exception(Exception.class, this::unexpected);
  }

  private static void addHeaders(Context request) {
    request.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    request.header("X-Content-Type-Options", "nosniff");
    request.header("X-Frame-Options", "DENY");
    request.header("Referrer-Policy", "no-referrer");
    request.header("Cross-Origin-Resource-Policy", "same-origin");
    request.header("Cache-Control", "no-store");
  }

  private static String sentence(HttpResponseException failure) {
    return switch (failure.getStatus()) {
      case 404 -> "there is nothing here";
      case 405 -> "this can't be done with that; see /openapi.json";
      default -> String.valueOf(failure.getMessage());
    };
  }

  private void unexpected(Exception failure, Context request) {
    messages.accept(
        "%s %s failed: %s".formatted(request.method(), request.path(), failure.toString()));
    Answers.refusal(
        request,
        new Refusal(
            Refusal.FAILED, "this failed, and not for what you sent; the service's log has more"));
  }

  /**
   * Begins to listen.
   *
   * @throws InputException where it can't listen there
   */
  public void start() {
    try {
      server.start();
    } catch (JavalinBindException e) {
      throw cannotListen(e);
    } catch (RuntimeException e) {
      if (e.getCause() instanceof IOException) {
        throw cannotListen(e);
      }
      throw e;
    }
  }

  private InputException cannotListen(RuntimeException e) {
    close();
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return new InputException(
        "can't listen on port %d of %s (%s); stop what does, or choose another with --port"
            .formatted(settings.port(), settings.host(), cause.getMessage()));
  }

  /** The port that it listens on. */
  public int port() {
    return server.port();
  }

  /** Where a browser finds it. */
  public String url() {
    String host = settings.host();
    return "http://%s:%d/".formatted(host.contains(":") ? "[" + host + "]" : host, port());
  }

  /** How many streams are open. */
  public int listening() {
    return streams.listening();
  }

  Javalin server() {
    return server;
  }

  /** Listens no more. Streams end by themselves once nothing is watched. */
  @Override
  public void close() {
    plans.close();
    server.stop();
  }
}
