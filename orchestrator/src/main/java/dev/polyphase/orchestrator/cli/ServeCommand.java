package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.service.Service;
import dev.polyphase.orchestrator.service.ServiceSettings;
import dev.polyphase.orchestrator.service.web.AccessToken;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Runs the queue and the schedules, and serves a page, a REST API and metrics, until a"
            + " signal ends it.")
final class ServeCommand implements Callable<Integer> {
  private static final int SIGNALLED = 128;

  private final PolyphaseHome home;
  private final Map<String, String> environment;
  private final Console console;

  @Option(
      names = "--port",
      defaultValue = "7410",
      paramLabel = "N",
      description = "The port; 0 takes any that is free. Default: 7410.")
  private int port = 7410;

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      paramLabel = "NAME",
      description =
          "The name or address to listen on. Other machines are let in with --token-file alone."
              + " Default: 127.0.0.1.")
  private String host = "127.0.0.1";

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "The file with the token that has to be shown, of mode 600.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--devices",
      split = ",",
      paramLabel = "D",
      description =
          "What runs run on, one a device at a time, as cuda:0,cuda:1. Default: every GPU, else"
              + " cpu.")
  private @Nullable List<String> devices;

  ServeCommand(PolyphaseHome home, Map<String, String> environment, Console console) {
    this.home = home;
    this.environment = environment;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    ServiceSettings settings =
        new ServiceSettings(
            host,
            port,
            tokenFile == null ? null : AccessToken.read(tokenFile),
            devices == null ? ServiceSettings.devicesHere() : devices,
            home.path().toAbsolutePath(),
            Path.of("").toAbsolutePath(),
            Version.number());
    CountDownLatch asked = new CountDownLatch(1);
    Runnable restore = ProcessSignals.toStop(number -> received(asked, number));
    try (Database database = Database.open(settings.home(), environment, this::say);
        Service service =
            new Service(settings, database, ChildProgram::again, Clock.systemUTC(), this::say)) {
      service.start();
      console.results().println(service.url());
      asked.await();
      say("stopping: runs save their state and go on when the service is back");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      restore.run();
    }
    return ExitCode.DONE;
  }

  private static void received(CountDownLatch asked, int number) {
    if (asked.getCount() == 0) {
      // Not System.exit: the user has asked twice, and it would wait.
      Runtime.getRuntime().halt(SIGNALLED + number);
    }
    asked.countDown();
  }

  private void say(String sentence) {
    console.messages().println(PlainText.of(sentence));
  }
}
