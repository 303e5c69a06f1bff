package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page of a service in a real browser: the quickstart, some steps of each phase, is submitted,
 * watched, stopped, resumed and compared. Its pictures are left in {@code target/browser}.
 */
class BrowserTest {
  private static final Path QUICKSTART =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/quickstart/quickstart.yaml");
  private static final int SCREEN = 1280;
  private static final int PHONE = 390;
  private static final int HEIGHT = 900;

  @TempDir Path folder;

  @Test
  void aRunIsSubmittedWatchedStoppedResumedAndCompared() throws IOException, InterruptedException {
    Path profile = Files.createDirectories(folder.resolve("profile"));
    try (Chromium browser = new Chromium(profile, Path.of("target", "browser"));
        ServiceProcess service = new ServiceProcess(folder)) {
      browser.show(SCREEN, HEIGHT, false);
      browser.open(service.url.toString());
      browser.seen("#connection[data-state=live]");
      browser.seen("[data-test=idle]");

      submit(browser, "name=first", 40, 10);
      String first = runOf(browser);
      browser.seen("#run-state[data-state=running]");
      browser.seen("#figure");
      String figure = browser.attribute("#figure", "data-etag");
      browser.await("the curve of the loss grows", () -> browser.points("loss") >= 5);
      int before = browser.points("loss");
      browser.await("and on", () -> browser.points("loss") > before);
      browser.seen("#run-state[data-state=running]");
      browser.await("nothing moves but what changed", () -> browser.animations() == 0);
      browser.picture("run-at-1280");

      browser.click("[data-test=stop]");
      browser.seen("#run-state[data-state=interrupted]");
      int stopped = browser.points("loss");
      browser.click("[data-test=resume]");
      browser.await("it goes on where it was", () -> browser.points("loss") > stopped);
      browser.await(
          "the figure grows", () -> !browser.attribute("#figure", "data-etag").equals(figure));
      browser.seen("#run-state[data-state=finished]");
      // Each step once, though the run was stopped between two.
      browser.await("all steps are drawn", () -> browser.points("loss") == 40 + 10 + 10);
      browser.picture("finished-at-1280");

      submit(browser, "name=second\nseed=7", 6, 2);
      String second = runOf(browser);
      browser.seen("#run-state[data-state=finished]");

      browser.click("[data-test=nav-now]");
      browser.click("[data-test=compare-" + first + "]");
      browser.click("[data-test=compare-" + second + "]");
      browser.click("[data-test=compare]");
      browser.await("both runs' curves", () -> browser.points("loss") == 60 + 10);
      browser.seen("[data-test=selection-pair]");
      assertThat(browser.seen("[data-test=compare-settings]").getText()).contains("seed");
      browser.picture("compare-at-1280");
      browser.assertNoErrors();

      onAPhone(browser, service, first, second);
    }
  }

  /**
   * @param steps of the first phase
   * @param others of the two that follow, each
   */
  private static void submit(Chromium browser, String overrides, int steps, int others) {
    browser.click("[data-test=nav-new]");
    browser.type("[data-test=pipeline-path]", QUICKSTART.toString());
    browser.type(
        "[data-test=overrides]",
        overrides
            + "\nphases.foundation.max_steps=%d\nphases.refinement.max_steps=%d"
                .formatted(steps, others)
            + "\nphases.alignment.max_steps=%d\ndefaults.micro_batch_size=4".formatted(others));
    browser.click("[data-test=plan]");
    browser.seen("[data-test=plan-table]");
    browser.click("[data-test=submit]");
    browser.await("the run's page", () -> browser.address().contains("#/run/"));
  }

  private static String runOf(Chromium browser) {
    return browser.address().replaceFirst(".*#/run/", "");
  }

  private static void onAPhone(
      Chromium browser, ServiceProcess service, String first, String second)
      throws IOException, InterruptedException {
    List<String> routes =
        List.of(
            "now:#/",
            "run:#/run/" + first,
            "compare:#/compare/" + first + "/" + second,
            "queue:#/queue",
            "schedules:#/schedules",
            "new:#/new");
    for (boolean dark : new boolean[] {false, true}) {
      browser.show(PHONE, HEIGHT, dark);
      for (String route : routes) {
        String name = route.substring(0, route.indexOf(':'));
        browser.open("about:blank");
        browser.open(service.url + route.substring(name.length() + 1));
        browser.seen("#connection[data-state=live]");
        if (name.equals("run")) {
          browser.await("curves", () -> browser.points("loss") == 60);
          browser.seen("#figure");
        }
        browser.assertFits(PHONE);
        browser.picture(name + "-at-390" + (dark ? "-dark" : ""));
      }
    }
    browser.open("about:blank");
    browser.open(service.url + "#/queue");
    browser.seen("[data-test=queue-done]");
    browser.open("about:blank");
    browser.back();
    service.post(
        "api/queue",
        "{\"pipeline\": \"%s\", \"set\": [\"name=third\", \"device=cuda:7\"]}"
            .formatted(QUICKSTART));
    // A page that is left hears of nothing; the one that is come back to does.
    browser.seen("[data-test=queue-cancel-3]");
    browser.assertNoErrors();
  }
}
