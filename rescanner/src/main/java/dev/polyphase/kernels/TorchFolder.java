package dev.polyphase.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder that holds libtorch, as the {@code lib} of a PyTorch of pip or conda or of libtorch's
 * own archive, and what the files beside it say about it. Nothing of it is loaded.
 *
 * @param path the folder with the libraries
 * @param version as {@code 2.7.1+cu126}; empty where no file says it
 * @param cuda the version of CUDA it was built for, as {@code 12.6}; empty for none or unknown
 * @param hasCuda whether it was built with CUDA
 */
public record TorchFolder(Path path, String version, String cuda, boolean hasCuda) {
  /** The version that kernels are written for. */
  public static final String NEEDED = "2.7.1";

  /** Its binary interface is the same in all of them. */
  private static final String COMPATIBLE = "2.7.";

  private static final Pattern VERSION = line("__version__");
  private static final Pattern CUDA = line("cuda");
  private static final Pattern SUFFIX = Pattern.compile("\\+cu(\\d\\d)(\\d)$");

  /** What a folder holds; empty where it has no libtorch. */
  public static Optional<TorchFolder> at(Path named) throws IOException {
    if (!Files.isRegularFile(named.resolve(System.mapLibraryName("torch")))) {
      return Optional.empty();
    }
    // Its libraries look for CUDA's from where they are, which a link is not.
    Path folder = named.toRealPath();
    String python = text(folder.resolveSibling("version.py"));
    String version =
        first(VERSION, python).orElse(text(folder.resolveSibling("build-version")).strip());
    boolean hasCuda = Files.isRegularFile(folder.resolve(System.mapLibraryName("torch_cuda")));
    String cuda = hasCuda ? first(CUDA, python).or(() -> suffix(version)).orElse("") : "";
    return Optional.of(new TorchFolder(folder, version, cuda, hasCuda));
  }

  /** Why kernels can't run with it; empty where nothing is known against it. */
  public Optional<String> problem() {
    return version.isEmpty() || version.startsWith(COMPATIBLE)
        ? Optional.empty()
        : Optional.of("it is libtorch " + version + ", and " + NEEDED + " is needed");
  }

  /** This in words, as {@code 2.7.1 for CUDA 12.6}. */
  public String description() {
    String known = version.isEmpty() ? "of unknown version" : version.replaceFirst("\\+.*", "");
    if (!hasCuda) {
      return known + " for the CPU";
    }
    return known + " for CUDA" + (cuda.isEmpty() ? "" : " " + cuda);
  }

  /** A line as {@code cuda: Optional[str] = '12.6'}. */
  private static Pattern line(String name) {
    return Pattern.compile(
        "^" + name + "(?::[^=]*)?\\s*=\\s*['\"]([^'\"]+)['\"]", Pattern.MULTILINE);
  }

  private static Optional<String> suffix(String version) {
    Matcher found = SUFFIX.matcher(version);
    return found.find() ? Optional.of(found.group(1) + "." + found.group(2)) : Optional.empty();
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Optional.of(found.group(1)) : Optional.empty();
  }

  private static String text(Path file) throws IOException {
    return Files.isRegularFile(file) ? Files.readString(file) : "";
  }
}
