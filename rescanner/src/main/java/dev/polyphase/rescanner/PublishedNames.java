package dev.polyphase.rescanner;

import java.nio.file.Path;

/** The published scanner's names for its files. */
public final class PublishedNames {
  private PublishedNames() {}

  /** The slug of a model in a folder: its last path component, {@code /} and {@code _} as -. */
  public static String slugOfFolder(Path folder) {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return slug(last == null ? folder.toString() : last.toString());
  }

  /** The slug of a Hugging Face id: {@code Qwen-Qwen2.5-14B} of {@code Qwen/Qwen2.5-14B}. */
  public static String slugOfId(String id) {
    return slug(id);
  }

  /** {@code snr_results_SLUG.json}. */
  public static String snrFile(String slug) {
    return "snr_results_" + slug + ".json";
  }

  /**
   * {@code NAME_unfrozenparameters_25percent.yaml}.
   *
   * @param snrFile the scan's file, {@code NAME.json}
   * @param topPercent written without a fraction where it has none: 25 and 12.5
   */
  public static String selectionFile(String snrFile, double topPercent) {
    int extension = snrFile.lastIndexOf('.');
    String name = extension > 0 ? snrFile.substring(0, extension) : snrFile;
    return name + "_unfrozenparameters_" + Selection.percentText(topPercent) + "percent.yaml";
  }

  private static String slug(String name) {
    return name.replace('/', '-').replace('_', '-');
  }
}
