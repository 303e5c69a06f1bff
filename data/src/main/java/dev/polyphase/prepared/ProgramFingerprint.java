package dev.polyphase.prepared;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tells one build of what reads rows from another, which may make other tokens of them. */
final class ProgramFingerprint {
  private static @Nullable String known;

  private ProgramFingerprint() {}

  /** Of the classes and resources beside this one, and of the libraries that they call. */
  static synchronized String text() {
    if (known == null) {
      known = computed();
    }
    return known;
  }

  private static String computed() {
    try {
      Path place = place(ProgramFingerprint.class);
      Fingerprint fingerprint = new Fingerprint();
      // Their files' names hold their versions.
      for (Class<?> library : List.of(TokenizersLibrary.class, JsonMapper.class)) {
        fingerprint.add(String.valueOf(place(library).getFileName()));
      }
      for (Path file : files(place)) {
        fingerprint.add(place.relativize(file).toString()).add(file);
      }
      return fingerprint.text();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the program lies at a place that is no path", e);
    }
  }

  private static Path place(Class<?> ofProgram) throws URISyntaxException {
    return Path.of(ofProgram.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static List<Path> files(Path place) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of(place);
    }
    try (Stream<Path> found = Files.walk(place)) {
      return found.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw FileFailure.reading(place, e);
    }
  }
}
