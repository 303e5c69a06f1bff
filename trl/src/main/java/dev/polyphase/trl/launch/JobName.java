package dev.polyphase.trl.launch;

import java.util.Locale;

/** Names of jobs, as other systems take them: small letters, digits and hyphens. */
final class JobName {
  /** Some systems take 63 characters and add some of their own. */
  private static final int PHASE_LENGTH = 32;

  private static final int ID_LENGTH = 8;

  private JobName() {}

  /**
   * The name of one launch.
   *
   * @param id a UUID, the launch's own
   */
  static String of(String phase, String id) {
    String plain = phase.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    String cut = plain.substring(0, Math.min(PHASE_LENGTH, plain.length()));
    return ("polyphase-" + cut + "-" + id.substring(0, ID_LENGTH)).replaceAll("--+", "-");
  }
}
