package dev.polyphase.rescanner;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Random orders that are the same on every machine and JDK: names sorted by a hash of themselves
 * and of what the lot is drawn for. Neither the order of the names nor their number matters.
 */
final class Lots {

  private Lots() {}

  /** A name's lot; the order of lots as texts is the random order. */
  static String draw(String drawing, String name) {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      hash.update(drawing.getBytes(StandardCharsets.UTF_8));
      hash.update((byte) 0);
      return HexFormat.of().formatHex(hash.digest(name.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
