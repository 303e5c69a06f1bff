package dev.polyphase.orchestrator.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The files of the web application hold together, and hold to what its security policy allows. */
class PageTest {
  private static final Pattern REFERENCE = Pattern.compile("(?:src|href)=\"(assets/[^\"]+)\"");
  private static final Pattern IMPORT =
      Pattern.compile("^(?:import|export)\\b[^;]*?\\bfrom '([^']+)'", Pattern.MULTILINE);
  private static final Pattern NAMES =
      Pattern.compile("^import \\{([^}]+)\\} from '([^']+)'", Pattern.MULTILINE);
  private static final Pattern ICON = Pattern.compile("^  \\w+: \\['[^']+', '[^']+', '(\\w+)'\\]");

  /** What the service adds from the library that draws curves. */
  private static final Set<String> LIBRARY =
      Set.of("assets/uplot/uPlot.iife.min.js", "assets/uplot/uPlot.min.css");

  private static Path folder;
  private static Map<String, String> files;

  @BeforeAll
  static void readPage() throws IOException, URISyntaxException {
    URL index = PageTest.class.getResource("page/index.html");
    assertThat(index).isNotNull();
    folder = Path.of(index.toURI()).getParent();
    files = new LinkedHashMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      all.filter(Files::isRegularFile)
          .sorted()
          .forEach(file -> files.put(folder.relativize(file).toString(), text(file)));
    }
  }

  @Test
  void everyAssetThatTheIndexRefersToExists() {
    List<String> references = groups(REFERENCE, files.get("index.html"), 1);
    assertThat(references).contains("assets/app.js").containsAll(LIBRARY);
    assertThat(references)
        .allSatisfy(
            asset ->
                assertThat(
                        LIBRARY.contains(asset)
                            || files.containsKey(asset.substring("assets/".length())))
                    .as(asset)
                    .isTrue());
  }

  @Test
  void theLibraryOfCurvesIsOnTheClassPath() {
    for (String asset : LIBRARY) {
      String name = asset.substring(asset.lastIndexOf('/') + 1);
      assertThat(
              PageTest.class.getResource("/META-INF/resources/webjars/uplot/1.6.30/dist/" + name))
          .as(name)
          .isNotNull();
    }
  }

  @Test
  void everyModuleThatIsImportedExistsAndHasTheNames() {
    scripts()
        .forEach(
            (path, script) -> {
              for (String target : groups(IMPORT, script, 1)) {
                assertThat(files).as("%s imports %s", path, target).containsKey(from(path, target));
              }
              NAMES
                  .matcher(script)
                  .results()
                  .forEach(found -> assertExported(path, from(path, found.group(2)), found));
            });
  }

  @Test
  void everyModuleIsReachedFromTheIndex() {
    Set<String> reached = new TreeSet<>(Set.of("theme-first.js"));
    reach("app.js", reached);
    assertThat(reached).isEqualTo(new TreeSet<>(scripts().keySet()));
  }

  @Test
  void everyStateHasAnIcon() {
    List<String> tones =
        files
            .get("status.js")
            .lines()
            .flatMap(line -> ICON.matcher(line).results().map(found -> found.group(1)))
            .distinct()
            .toList();
    assertThat(tones).contains("running", "failed");
    assertThat(tones).allSatisfy(tone -> assertThat(files).containsKey("icons/" + tone + ".svg"));
    assertThat(files).containsKey("icons/idle.svg");
  }

  @Test
  void nothingIsFetchedFromElsewhere() {
    files.forEach(
        (path, text) -> {
          String without = text.replace("http://www.w3.org/2000/svg", "");
          assertThat(without).as(path).doesNotContainPattern("(?i)https?://|wss?://|@import");
          assertThat(without).as(path).doesNotContainPattern("(?:src|href)=\"//");
          if (path.endsWith(".css")) {
            assertThat(without).as(path).doesNotContain("url(");
          }
        });
  }

  @Test
  void noScriptOrStyleStandsInTheIndex() {
    String index = files.get("index.html");
    assertThat(index)
        .doesNotContainPattern("<script(?![^>]*\\bsrc=)")
        .doesNotContainPattern("(?i)\\son[a-z]+\\s*=")
        .doesNotContainPattern("(?i)\\sstyle\\s*=|<style|javascript:");
  }

  /** The page is open on machines that train, and an animation is painted sixty times a second. */
  @Test
  void everyAnimationEnds() {
    files.forEach((path, text) -> assertThat(text).as(path).doesNotContain("infinite"));
  }

  @Test
  void textsNeverBecomeMarkup() {
    scripts()
        .forEach(
            (path, script) ->
                assertThat(script)
                    .as(path)
                    .doesNotContainPattern(
                        "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser"
                            + "|createContextualFragment|srcdoc")
                    .doesNotContainPattern("\\beval\\(|new Function|setTimeout\\(['\"`]")
                    .doesNotContainPattern("setAttribute\\('style'|cssText|javascript:"));
  }

  private static void assertExported(String path, String target, MatchResult found) {
    for (String each : found.group(1).split(",", -1)) {
      String name = each.strip().split(" as ", -1)[0];
      assertThat(files.get(target))
          .as("%s takes %s from %s", path, name, target)
          .containsPattern(
              "export (?:async )?(?:function|class|const|let) " + Pattern.quote(name) + "\\b");
    }
  }

  private static void reach(String path, Set<String> reached) {
    if (reached.add(path)) {
      groups(IMPORT, files.get(path), 1).forEach(target -> reach(from(path, target), reached));
    }
  }

  private static Map<String, String> scripts() {
    Map<String, String> scripts = new LinkedHashMap<>(files);
    scripts.keySet().removeIf(path -> !path.endsWith(".js"));
    return scripts;
  }

  /** The file that a module means by a relative path. */
  private static String from(String path, String target) {
    return Path.of("/" + path).getParent().resolve(target).normalize().toString().substring(1);
  }

  private static List<String> groups(Pattern pattern, String text, int group) {
    return pattern.matcher(text).results().map(found -> found.group(group)).toList();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
