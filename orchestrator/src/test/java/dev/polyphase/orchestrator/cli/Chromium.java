package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** Debian's Chromium without a window, with what a test does in it. */
final class Chromium implements AutoCloseable {
  private static final Path BROWSER = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

  /** A phase of a run may take that long on a machine that does other things as well. */
  private static final Duration LONG_ENOUGH = Duration.ofMinutes(6);

  /**
   * One that waits for a line to the service, of which a browser has six, has it after a minute.
   */
  private static final Duration A_PAGE = Duration.ofSeconds(40);

  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int PHONE_WIDTH = 600;

  /** It would tell that it knows no newer protocol, which nothing here needs. */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;
  private final Path pictures;

  /**
   * Starts it, or skips the test where there is none.
   *
   * @param profile an empty folder
   * @param pictures where pictures go
   */
  Chromium(Path profile, Path pictures) throws IOException {
    Assumptions.assumeTrue(
        Files.isExecutable(BROWSER) && Files.isExecutable(DRIVER),
        "there is no Chromium with its driver (Debian's packages chromium and chromium-driver)");
    SELENIUM.setLevel(Level.SEVERE);
    this.pictures = Files.createDirectories(pictures);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(BROWSER.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--user-data-dir=" + profile);
    LoggingPreferences logging = new LoggingPreferences();
    logging.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logging);
    driver =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(DRIVER.toFile())
                .usingAnyFreePort()
                .build(),
            options);
    driver.manage().timeouts().pageLoadTimeout(A_PAGE);
  }

  /** Makes the page as wide as a screen or a phone's, light or dark. */
  void show(int width, int height, boolean dark) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width",
            width,
            "height",
            height,
            "deviceScaleFactor",
            1,
            "mobile",
            width < PHONE_WIDTH));
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
  }

  void open(String url) {
    driver.get(url);
  }

  /** Goes to the page before, which the browser has kept as it was left. */
  void back() {
    driver.navigate().back();
  }

  String address() {
    return driver.getCurrentUrl();
  }

  /** The element that matches, once it is there and can be seen. */
  WebElement seen(String css) {
    await(css + " is seen", () -> driver.findElement(By.cssSelector(css)).isDisplayed());
    return driver.findElement(By.cssSelector(css));
  }

  void click(String css) {
    WebElement element = seen(css);
    // The driver scrolls too, but smoothly, and clicks before it is there.
    scroll("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element);
    element.click();
  }

  private void scroll(String script, Object... arguments) {
    driver.executeScript(script, arguments);
  }

  /** Types into an element in place of what it holds. */
  void type(String css, String text) {
    WebElement element = seen(css);
    element.clear();
    element.sendKeys(text);
  }

  /** What an attribute of an element says; empty where it is not there. */
  String attribute(String css, String name) {
    List<WebElement> found = driver.findElements(By.cssSelector(css));
    String value = found.isEmpty() ? null : found.get(0).getDomAttribute(name);
    return value == null ? "" : value;
  }

  /** The number of points that a chart shows, which is scrolled to: out of sight none is drawn. */
  int points(String curve) {
    String css = "[data-curve=" + curve + "]";
    List<WebElement> found = driver.findElements(By.cssSelector(css));
    if (!found.isEmpty()) {
      scroll("arguments[0].scrollIntoView({block: 'nearest', behavior: 'instant'})", found.get(0));
    }
    String points = attribute(css, "data-points");
    return points.isEmpty() ? 0 : Integer.parseInt(points);
  }

  /** The number of animations that go on, each of which has all pictures of a second painted. */
  int animations() {
    Object running =
        driver.executeScript(
            "return document.getAnimations().filter(a => a.playState === 'running').length");
    return ((Long) running).intValue();
  }

  /** Waits until it is so. */
  void await(String what, Callable<Boolean> so) {
    long until = System.nanoTime() + LONG_ENOUGH.toNanos();
    while (!holds(so)) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError(
            "not so: " + what + ", at " + driver.getCurrentUrl() + "\n" + text());
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }

  private static boolean holds(Callable<Boolean> so) {
    try {
      return so.call();
    } catch (NoSuchElementException | StaleElementReferenceException e) {
      // The page has not drawn it yet, or has just drawn it anew.
      return false;
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private String text() {
    return driver.findElement(By.tagName("body")).getText();
  }

  /** Takes a picture of the page's beginning, for people to look at. */
  void picture(String name) throws IOException {
    scroll("scrollTo({top: 0, behavior: 'instant'})");
    Files.write(pictures.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  /** Nothing sticks out to the right, so that a phone scrolls down alone. */
  void assertFits(int width) {
    assertThat((Long) driver.executeScript("return document.documentElement.scrollWidth"))
        .as(driver.getCurrentUrl())
        .isLessThanOrEqualTo(width);
  }

  /** Nothing went wrong in the page so far. */
  void assertNoErrors() {
    assertThat(driver.manage().logs().get(LogType.BROWSER).getAll())
        .filteredOn(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .isEmpty();
  }

  @Override
  public void close() {
    driver.quit();
  }
}
