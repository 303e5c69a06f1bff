package dev.polyphase.trl.launch;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tells lines for the shell that this user's Polyphase wrote into a folder from lines that somebody
 * else did: a run's folder may come from elsewhere, and {@code engine.cancel} in its {@code
 * launch.json} would be run without anyone having asked for it. A line is sealed by a key that is
 * in the user's own folder and nowhere else.
 */
final class CancelSeal {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int KEY_BYTES = 32;

  private CancelSeal() {}

  /** The seal of a line. */
  static String of(String line, Programs programs) throws IOException {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key(programs), ALGORITHM));
      return HexFormat.of().formatHex(mac.doFinal(line.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  /** Whether a line was sealed by this user. */
  static boolean fits(String seal, String line, Programs programs) throws IOException {
    return MessageDigest.isEqual(
        seal.getBytes(StandardCharsets.UTF_8), of(line, programs).getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] key(Programs programs) throws IOException {
    Path file = programs.home().resolve("engine.key");
    try {
      Files.createDirectories(programs.home());
      if (!Files.exists(file)) {
        make(file);
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw FileFailure.writing(file, e);
    }
  }

  private static void make(Path file) throws IOException {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    Path own = Files.createTempFile(file.getParent(), ".engine.key", ".tmp");
    try {
      if (Files.getFileStore(own).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-------"));
      }
      Files.write(own, key, StandardOpenOption.SYNC);
      // Whoever comes first stays.
      Files.createLink(file, own);
    } catch (FileAlreadyExistsException e) {
      // Another process made one a moment ago.
    } finally {
      Files.deleteIfExists(own);
    }
  }
}
