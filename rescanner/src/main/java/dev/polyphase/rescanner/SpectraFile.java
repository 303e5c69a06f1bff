package dev.polyphase.rescanner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.JsonFault;
import dev.polyphase.weights.PythonFloat;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code spectra.jsonl}: one object a module, in the scan's order. What is not finite is null; for
 * {@code snr} the text {@code NaN} or {@code Infinity} then stands in {@code snr_text}. Where
 * modules are ranked by another metric, {@code metric} names it and {@code score} is its value.
 */
public final class SpectraFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SpectraFile() {}

  /** Writes a scan's spectra. */
  public static void write(Path file, Scan scan) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (ModuleSpectrum module : scan.modules()) {
      ObjectNode row = row(module);
      if (scan.metric() != Metric.SNR) {
        row.put("metric", scan.metric().name().toLowerCase(Locale.ROOT));
        putFinite(row, "score", module.spectrum().score());
      }
      lines.append(JSON.writeValueAsString(row)).append('\n');
    }
    AtomicFiles.writeString(file, lines.toString());
  }

  /**
   * The scores of a file whose modules are ranked by another metric than the ratio, by module; not
   * a number where a module has none.
   */
  public static Map<String, Double> readScores(Path file) throws IOException {
    Map<String, Double> scores = new HashMap<>();
    List<String> lines;
    try {
      lines = InputFile.readAllLines(file);
    } catch (CharacterCodingException e) {
      throw new InputException(
          Place.in(file.toString()), "this is no text in UTF-8; put back what the run wrote");
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    for (int i = 0; i < lines.size(); i++) {
      JsonNode row = parse(file, i + 1, lines.get(i));
      scores.put(row.path("module").asText(), row.path("score").asDouble(Double.NaN));
    }
    return scores;
  }

  private static JsonNode parse(Path file, int number, String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw JsonFault.in(line, JSON.getFactory()).from(Place.line(file.toString(), number), "line");
    }
  }

  private static ObjectNode row(ModuleSpectrum module) {
    ScanTarget target = module.target();
    Spectrum spectrum = module.spectrum();
    ObjectNode row = JSON.createObjectNode();
    row.put("module", target.module().text());
    row.put("type", target.type());
    target.module().layer().ifPresentOrElse(n -> row.put("layer", n), () -> row.putNull("layer"));
    row.put("tensor", target.tensor().name());
    row.put("rows", spectrum.rows());
    row.put("columns", spectrum.columns());
    putFinite(row, "snr", spectrum.snr());
    if (!Double.isFinite(spectrum.snr())) {
      row.put("snr_text", PythonFloat.toString(spectrum.snr()));
    }
    putFinite(row, "sigma", spectrum.sigma());
    putFinite(row, "threshold", spectrum.threshold());
    putFinite(row, "largest", spectrum.largest());
    row.put("above", spectrum.above());
    row.put("below", spectrum.below());
    ArrayNode quantiles = row.putArray("quantiles");
    spectrum.quantiles().forEach(quantiles::add);
    return row;
  }

  private static void putFinite(ObjectNode row, String key, double value) {
    if (Double.isFinite(value)) {
      row.put(key, value);
    } else {
      row.putNull(key);
    }
  }
}
