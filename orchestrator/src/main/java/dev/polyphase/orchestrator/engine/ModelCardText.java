package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.ModelCard.Chapter;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.reports.Curve;
import dev.polyphase.reports.HeldOut;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * A model card as the Hugging Face hub reads it: YAML between two lines of dashes, then Markdown.
 * What people named is escaped in both.
 */
final class ModelCardText {
  private static final String SPECTRUM =
      """
      ```bibtex
      @article{hartford2024spectrum,
        title  = {Spectrum: Targeted Training on Signal to Noise Ratio},
        author = {Eric Hartford and Lucas Atkins and Fernando Fernandes Neto and David Golchinfar},
        year   = {2024},
        eprint = {2406.06623},
        archivePrefix = {arXiv}
      }
      ```
      """;

  private final Pipeline pipeline;
  private final Origin origin;
  private final List<Chapter> chapters;
  private final long modelValues;

  private ModelCardText(
      Pipeline pipeline, Origin origin, List<Chapter> chapters, long modelValues) {
    this.pipeline = pipeline;
    this.origin = origin;
    this.chapters = chapters;
    this.modelValues = modelValues;
  }

  /**
   * The card's text.
   *
   * @param origin the model that the run began with
   * @param chapters the phases so far, at least one
   * @param modelValues the model's parameters
   * @param version of Polyphase
   */
  static String of(
      Pipeline pipeline,
      Origin origin,
      List<Chapter> chapters,
      long modelValues,
      String version,
      Compute compute) {
    ModelCardText card = new ModelCardText(pipeline, origin, chapters, modelValues);
    return "---\n"
        + card.frontMatter()
        + "---\n\n"
        + card.lineage()
        + card.ends()
        + card.procedure()
        + versions(version, compute)
        + card.citations();
  }

  private String frontMatter() {
    Map<String, Object> keys = new LinkedHashMap<>();
    origin.hubId().ifPresent(id -> keys.put("base_model", id));
    keys.putAll(origin.licence());
    keys.put("library_name", "transformers");
    keys.put("pipeline_tag", "text-generation");
    keys.put("model_name", title());
    Set<String> tags = new LinkedHashSet<>(List.of("generated_from_trainer", "polyphase"));
    if (ranked()) {
      tags.add("spectrum");
    }
    chapters.forEach(chapter -> tags.add(type(chapter.settings())));
    keys.put("tags", List.copyOf(tags));
    // No datasets: the hub takes them for ids of its own, and these are files.
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    return new Yaml(options).dump(keys);
  }

  private String lineage() {
    String phases =
        chapters.stream()
            .map(chapter -> name(chapter) + " (" + type(chapter.settings()) + ")")
            .collect(Collectors.joining(", then "));
    return """
    # %s

    This model was trained from %s by Polyphase: %s.
    Each phase trains a part of the weights and leaves the others as they were.

    ```python
    from transformers import pipeline

    generator = pipeline("text-generation", model="path/to/this/folder")
    ```

    """
        .formatted(Markdown.escape(title()), Markdown.escape(origin.name()), phases);
  }

  /** What a chat program must stop at, or the model goes on for ever. */
  private String ends() {
    List<EndToken> ends = chapters.get(chapters.size() - 1).result().ends();
    if (ends == null || ends.isEmpty()) {
      return "";
    }
    return "A turn, or a text, ends with %s; `generation_config.json` or `config.json` says so to programs.\n\n"
        .formatted(
            ends.stream()
                .map(
                    end ->
                        end.text().isEmpty()
                            ? "the token " + end.id()
                            : Markdown.escape(end.text()) + " (" + end.id() + ")")
                .collect(Collectors.joining(" or ")));
  }

  private String procedure() {
    StringBuilder table = new StringBuilder("## Training\n\n");
    row(table, "", chapters.stream().map(ModelCardText::name).toList());
    table.append("| --- |").append(" --- |".repeat(chapters.size())).append('\n');
    row(table, "type", of(chapter -> type(chapter.settings())));
    if (chapters.stream().anyMatch(chapter -> chapter.settings().engine().isPresent())) {
      row(table, "trained with", of(chapter -> trainer(chapter.settings())));
    }
    row(table, "weights", of(chapter -> targeting(chapter.settings().trained().targeting())));
    if (chapters.stream().anyMatch(chapter -> chapter.settings().trained().adapter().isPresent())) {
      row(table, "adapter", of(chapter -> adapter(chapter.settings())));
    }
    if (chapters.stream()
        .anyMatch(chapter -> chapter.settings().trained().rescanEvery().isPresent())) {
      row(table, "chosen anew", of(ModelCardText::rescans));
    }
    row(table, "trained parameters", of(this::trained));
    row(table, "data", of(chapter -> names(chapter.data())));
    if (chapters.stream().anyMatch(chapter -> !chapter.heldOutData().isEmpty())) {
      row(table, "held-out data", of(chapter -> names(chapter.heldOutData())));
    }
    row(table, "steps", of(chapter -> whole(chapter.result().steps())));
    row(table, "tokens", of(chapter -> whole(chapter.result().tokens())));
    row(
        table,
        "longest row",
        of(chapter -> whole(chapter.settings().batch().sequenceLen()) + " tokens"));
    row(table, "rows of a step", of(ModelCardText::batch));
    row(table, "learning rate", of(chapter -> rate(chapter.settings())));
    row(table, "optimizer", of(chapter -> optimizer(chapter.settings())));
    if (chapters.stream().anyMatch(chapter -> chapter.settings().batch().neftuneNoiseAlpha() > 0)) {
      row(
          table,
          "NEFTune noise",
          of(chapter -> decimal(chapter.settings().batch().neftuneNoiseAlpha())));
    }
    if (chapters.stream().anyMatch(chapter -> !chapter.settings().type().readsText())) {
      row(table, "preference loss", of(chapter -> PreferenceCard.loss(chapter.settings())));
    }
    row(table, "loss, first and last", of(ModelCardText::losses));
    for (String figure : heldOutFigures()) {
      String words = "held-out " + figure.replaceFirst("^eval_", "") + ", before and after";
      row(table, Markdown.escape(words), of(chapter -> heldOut(chapter, figure)));
    }
    return table
        .append("\nSeed ")
        .append(pipeline.seed())
        .append(".\n\n![What each phase trained: green was trained, red was frozen](")
        .append(ModelCard.PICTURE)
        .append(")\n\n")
        .toString();
  }

  private List<String> of(Function<Chapter, String> cell) {
    return chapters.stream().map(cell).toList();
  }

  private static void row(StringBuilder table, String head, List<String> cells) {
    table.append("| ").append(head).append(" | ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static String versions(String version, Compute compute) {
    return """
    ## Versions

    - Polyphase %s
    - %s
    - Java %s

    """
        .formatted(
            version,
            compute.device() == null
                ? Markdown.escape(compute.sentence())
                : compute.library()
                    + " on "
                    + compute.device()
                    + (compute.dtype() == null ? "" : ", " + compute.dtype()),
            System.getProperty("java.version"));
  }

  private String citations() {
    StringBuilder text = new StringBuilder();
    if (ranked()) {
      text.append("The weights were chosen by their signal-to-noise ratio:\n\n").append(SPECTRUM);
    }
    chapters.stream()
        .map(chapter -> chapter.settings().type())
        .distinct()
        .forEach(type -> text.append(PreferenceCard.citation(type)));
    return text.isEmpty() ? "" : "## Citations\n\n" + text.toString().stripLeading();
  }

  private String title() {
    Chapter last = chapters.get(chapters.size() - 1);
    return pipeline.name() + ", " + last.settings().name();
  }

  private boolean ranked() {
    return chapters.stream().anyMatch(c -> byRatio(c.settings().trained().targeting()));
  }

  /** Whether it is Spectrum's idea: the best by their ratio, not controls or other metrics. */
  private static boolean byRatio(Targeting targeting) {
    return targeting instanceof Targeting.Snr snr
        && snr.rule().mode() == SelectionRule.Mode.TOP
        && (snr.rule().metric() == SelectionRule.Metric.SNR
            || snr.rule().metric() == SelectionRule.Metric.SNR_MP);
  }

  private static String name(Chapter chapter) {
    return Markdown.escape(chapter.settings().name());
  }

  private static String type(Phase phase) {
    return phase.type().name().toLowerCase(Locale.ROOT);
  }

  private static String trainer(Phase phase) {
    return phase
        .engine()
        .map(
            engine ->
                engine.worldSize() == 1
                    ? "TRL"
                    : "TRL on %d processes".formatted(engine.worldSize()))
        .orElse("Polyphase");
  }

  private static String names(Set<String> files) {
    return Markdown.escape(String.join(", ", files));
  }

  private static String targeting(Targeting targeting) {
    if (targeting instanceof Targeting.Snr snr) {
      String chosen = RuleWords.of(snr.rule());
      return snr.alwaysTrain().isEmpty()
          ? chosen
          : chosen + ", and " + Markdown.escape(String.join(", ", snr.alwaysTrain()));
    }
    return targeting instanceof Targeting.Full ? "all" : "by name";
  }

  private static String rescans(Chapter chapter) {
    Optional<RescanEvery> wanted = chapter.settings().trained().rescanEvery();
    if (wanted.isEmpty()) {
      return "";
    }
    return switch (chapter.rescans()) {
      case 0 -> "never";
      case 1 -> when(wanted.get()) + ", once";
      default -> when(wanted.get()) + ", " + whole(chapter.rescans()) + " times";
    };
  }

  private static String when(RescanEvery every) {
    return every instanceof RescanEvery.Steps steps
        ? "every " + whole(steps.count()) + " steps"
        : "after each epoch";
  }

  private String trained(Chapter chapter) {
    long values = chapter.result().trainedValues();
    return "%s (%s)"
        .formatted(
            whole(values), String.format(Locale.ROOT, "%.1f %%", 100.0 * values / modelValues));
  }

  private static String batch(Chapter chapter) {
    Phase phase = chapter.settings();
    String batch =
        phase.batch().microBatchSize() + " x " + phase.batch().gradientAccumulationSteps();
    return phase.batch().samplePacking() ? batch + " packed sequences" : batch;
  }

  private static String rate(Phase phase) {
    return "%s, %s"
        .formatted(
            decimal(phase.learningRates().highest()),
            phase.learningRates().scheduler().name().name().toLowerCase(Locale.ROOT));
  }

  private static String optimizer(Phase phase) {
    Optimizer optimizer = phase.optimizer();
    String betas = decimal(optimizer.beta1()) + ", " + decimal(optimizer.beta2());
    String ofAdam = "(%s, %s)".formatted(betas, decimal(optimizer.epsilon()));
    String name =
        switch (optimizer.name()) {
          case ADAMW -> "AdamW " + ofAdam;
          case ADAMW_BF16 -> "AdamW with bfloat16 states " + ofAdam;
          case ADAMW_8BIT -> "AdamW with 8-bit states " + ofAdam;
          case ADAFACTOR -> "Adafactor";
          case LION -> "Lion (" + betas + ")";
          case MUON -> "Muon, AdamW " + ofAdam;
        };
    return "%s, decay %s, clipped at %s"
        .formatted(
            name, decimal(optimizer.weightDecay()), decimal(phase.optimizer().maxGradNorm()));
  }

  private static String adapter(Phase phase) {
    return phase
        .trained()
        .adapter()
        .map(
            lora ->
                "LoRA, rank %d, alpha %s, dropout %s, merged"
                    .formatted(lora.r(), decimal(lora.alpha()), decimal(lora.dropout())))
        .orElse("");
  }

  private static String losses(Chapter chapter) {
    return chapter.figures().curves().stream()
        .filter(curve -> curve.name().equals("loss") && !curve.points().isEmpty())
        .findFirst()
        .map(Curve::points)
        .map(
            points ->
                figure(points.get(0).value())
                    + ", "
                    + figure(points.get(points.size() - 1).value()))
        .orElse("");
  }

  private Set<String> heldOutFigures() {
    Set<String> names = new LinkedHashSet<>();
    for (Chapter chapter : chapters) {
      chapter.figures().heldOut().stream()
          .filter(figure -> !figure.ofDataset())
          .map(HeldOut::name)
          .filter(name -> !name.endsWith("_runtime") && !name.endsWith("_per_second"))
          .forEach(names::add);
    }
    return names;
  }

  private static String heldOut(Chapter chapter, String name) {
    return chapter.figures().heldOut().stream()
        .filter(heldOut -> heldOut.name().equals(name))
        .findFirst()
        .map(heldOut -> figure(heldOut.before()) + ", " + figure(heldOut.after()))
        .orElse("");
  }

  private static String figure(@Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.4f", value);
  }

  private static String whole(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** As a person writes it: 25, 0.1, 1e-5. */
  static String decimal(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value).replace(".0E", "e").replace("E", "e");
  }
}
