package dev.polyphase.orchestrator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.metrics.Exposition.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What the README, Grafana and Prometheus's alerts say of metrics is so. */
class MetricReferencesTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path DOCKER = ROOT.resolve("docker");
  private static final Pattern NAME = Pattern.compile("[a-zA-Z_][a-zA-Z0-9_]*");

  /** What else an expression is made of: PromQL's operators and the functions that are used. */
  private static final Set<String> WORDS =
      Set.of(
          "and",
          "or",
          "on",
          "by",
          "sum",
          "rate",
          "increase",
          "time",
          "min_over_time",
          "label_values");

  /** The labels of each series that is exposed. */
  private static final Map<String, Set<String>> SERIES = new TreeMap<>();

  @BeforeAll
  static void everythingHappens(@TempDir Path folder) {
    try (Metrics metrics = EventfulRun.metrics(folder)) {
      Map<String, Family> families = Exposition.of(metrics.scrape()).families();
      for (Family family : families.values()) {
        family
            .samples()
            .keySet()
            .forEach(sample -> SERIES.put(sample.split(" ", 2)[0], family.labels()));
      }
    }
  }

  @Test
  void everyPanelShowsSeriesThatExist() throws IOException {
    JsonNode dashboard =
        new ObjectMapper().readTree(DOCKER.resolve("grafana/dashboards/polyphase.json").toFile());
    Set<String> shown = new HashSet<>();
    Set<String> places = new HashSet<>();
    Set<Integer> ids = new HashSet<>();
    for (JsonNode panel : dashboard.path("panels")) {
      String title = panel.path("title").asText();
      assertThat(ids.add(panel.path("id").asInt())).as(title).isTrue();
      JsonNode place = panel.path("gridPos");
      for (int x = 0; x < place.path("w").asInt(); x++) {
        for (int y = 0; y < place.path("h").asInt(); y++) {
          int column = place.path("x").asInt() + x;
          assertThat(column).isLessThan(24);
          assertThat(places.add(column + "/" + (place.path("y").asInt() + y))).as(title).isTrue();
        }
      }
      assertThat(panel.path("targets")).as(title).isNotEmpty();
      for (JsonNode target : panel.path("targets")) {
        Set<String> labels = check(target.path("expr").asText(), shown);
        requireLabels(target.path("legendFormat").asText(), "\\{\\{(\\w+)}}", labels);
      }
    }
    for (JsonNode variable : dashboard.path("templating").path("list")) {
      if (variable.path("type").asText().equals("query")) {
        check(variable.path("query").path("query").asText(), shown);
      }
    }
    // Nothing that is measured is hard to find; the rest is derived from these or rarely asked.
    Set<String> hidden = new TreeSet<>();
    for (Metric metric : Metric.values()) {
      if (shown.stream().noneMatch(series -> series.startsWith(metric.prometheusName()))) {
        hidden.add(metric.prometheusName());
      }
    }
    assertThat(hidden)
        .containsExactlyInAnyOrder(
            "polyphase_eval_reward_margin",
            "polyphase_run_phases",
            "polyphase_scan_left_seconds",
            "polyphase_train_epoch",
            "polyphase_train_tokens_per_second");
  }

  @Test
  void everyAlertIsAboutSeriesThatExist() throws IOException {
    List<Map<?, ?>> alerts = new ArrayList<>();
    for (Object group : (List<?>) yaml("prometheus/alerts.yml").get("groups")) {
      ((List<?>) ((Map<?, ?>) group).get("rules")).forEach(rule -> alerts.add((Map<?, ?>) rule));
    }
    assertThat(alerts)
        .extracting(alert -> (Object) alert.get("alert"))
        .containsExactly("RunStalled", "RunDiverging", "DiskNearlyFull", "RunFailed");
    for (Map<?, ?> alert : alerts) {
      Set<String> labels = check(alert.get("expr").toString(), new HashSet<>());
      Map<?, ?> annotations = (Map<?, ?>) alert.get("annotations");
      assertThat(annotations.keySet().stream().map(Object::toString).toList())
          .containsExactly("summary", "description");
      for (Object text : annotations.values()) {
        requireLabels(text.toString(), "\\$labels\\.(\\w+)", labels);
      }
    }
  }

  @Test
  void prometheusAsksTheServiceAndGrafanaAsksPrometheus() throws IOException {
    Map<?, ?> prometheus = yaml("prometheus/prometheus.yml");
    for (Object file : (List<?>) prometheus.get("rule_files")) {
      assertThat(DOCKER.resolve("prometheus").resolve(file.toString())).isRegularFile();
    }
    assertThat(prometheus.get("scrape_configs").toString()).contains("polyphase:7410");
    Map<?, ?> source =
        (Map<?, ?>)
            ((List<?>) yaml("grafana/provisioning/datasources/prometheus.yml").get("datasources"))
                .get(0);
    assertThat((Object) source.get("type")).isEqualTo("prometheus");
    assertThat((Object) source.get("url")).isEqualTo("http://prometheus:9090");
    assertThat(yaml("grafana/provisioning/dashboards/polyphase.yml").get("providers").toString())
        .contains("/var/lib/grafana/dashboards");
  }

  @Test
  void theReadmeHasTheTable() throws IOException {
    Path readme = ROOT.resolve("orchestrator/README.md");
    String text = Files.readString(readme);
    int from = text.indexOf("\n## Metrics\n");
    assertThat(from).as("a section Metrics").isPositive();
    int to = text.indexOf("\n## ", from + 1);
    String section = text.substring(from, to < 0 ? text.length() : to);
    List<String> rows = section.lines().filter(line -> line.startsWith("| `")).toList();

    if (Boolean.getBoolean("golden.update")) {
      String before = String.join("\n", rows);
      Files.writeString(readme, text.replace(before, String.join("\n", table())));
      return;
    }
    assertThat(rows).isEqualTo(table());
  }

  private static List<String> table() {
    return Stream.of(Metric.values())
        .map(
            metric ->
                "| `%s` | %s | %s | %s | %s |"
                    .formatted(
                        metric.prometheusName(),
                        metric.type().word(),
                        metric.unit().word(),
                        String.join(
                            ", ", metric.labels().stream().map(Metric.Label::word).toList()),
                        metric.help()))
        .toList();
  }

  /**
   * Checks that an expression names nothing that is not there.
   *
   * @param used its series are added
   * @return the labels that they have
   */
  private static Set<String> check(String expression, Set<String> used) {
    String bare = expression.replaceAll("\"[^\"]*\"", "\"\"").replaceAll("\\[\\w+]", "");
    Set<String> series = new LinkedHashSet<>();
    Set<String> labels = new TreeSet<>();
    Matcher names = NAME.matcher(bare);
    Set<String> others = new LinkedHashSet<>();
    while (names.find()) {
      if (SERIES.containsKey(names.group())) {
        series.add(names.group());
        labels.addAll(SERIES.get(names.group()));
      } else if (!WORDS.contains(names.group())) {
        others.add(names.group());
      }
    }
    assertThat(series).as(expression).isNotEmpty();
    // What is left of the words are labels, of some series of the expression.
    assertThat(labels).as(expression).containsAll(others);
    used.addAll(series);
    return labels;
  }

  private static void requireLabels(String text, String pattern, Set<String> labels) {
    Matcher label = Pattern.compile(pattern).matcher(text);
    while (label.find()) {
      assertThat(labels).as(text).contains(label.group(1));
    }
  }

  private static Map<?, ?> yaml(String file) throws IOException {
    return new Yaml(new SafeConstructor(new LoaderOptions()))
        .load(Files.readString(DOCKER.resolve(file)));
  }
}
