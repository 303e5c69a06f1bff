package dev.polyphase.orchestrator.service.web;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.Set;

/**
 * The token that whoever asks has to know. It is kept as its digest, so that nothing can show it.
 */
public final class AccessToken {
  private static final int SHORTEST = 16;
  private static final int LONGEST = 4096;
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.GROUP_EXECUTE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE,
          PosixFilePermission.OTHERS_EXECUTE);

  private final byte[] digest;

  private AccessToken(String token) {
    digest = digestOf(token);
  }

  /**
   * The token that a file holds, white space around it not counted.
   *
   * @throws InputException where others may read the file, or it holds no token
   */
  public static AccessToken read(Path file) throws IOException {
    Place place = Place.in(file.toString());
    if (!InputFile.isThere(file)) {
      throw new NoSuchFileException(file.toString());
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    if (permissions.stream().anyMatch(OTHERS::contains)) {
      throw new InputException(
          place, "others than its owner may use this file; run chmod 600 on it");
    }
    if (Files.size(file) > LONGEST) {
      throw new InputException(
          place, "this is longer than a token may be (%,d bytes)".formatted(LONGEST));
    }
    String token = new String(InputFile.readAllBytes(file), StandardCharsets.UTF_8).strip();
    if (token.length() < SHORTEST) {
      throw new InputException(
          place,
          "the token has %d characters and must have %d at least; openssl rand -hex 32 makes one"
              .formatted(token.length(), SHORTEST));
    }
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new InputException(
          place, "the token must be of ASCII characters without spaces between them");
    }
    return new AccessToken(token);
  }

  /** Whether a text is the token; how long that takes tells nothing of it. */
  boolean is(String text) {
    return MessageDigest.isEqual(digest, digestOf(text));
  }

  private static byte[] digestOf(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
