package dev.polyphase.orchestrator.hub;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model or a data set of the hub.
 *
 * @param id {@code OWNER/NAME}, or a bare name as the oldest have
 */
record Repository(Kind kind, String id) {
  private static final Pattern ID =
      Pattern.compile(
          "(?!.*(--|\\.\\.))[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?");

  // Branches may have folders of their own, as refs/pr/1.
  private static final Pattern REVISION =
      Pattern.compile("(?!.*(\\.\\.|//|/\\.|\\.lock$))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?<!/)");

  /** What it holds, as sentences and addresses call it. */
  enum Kind {
    MODEL("model", "models", ""),
    DATASET("data set", "datasets", "datasets/");

    private final String words;
    private final String plural;
    private final String prefix;

    Kind(String words, String plural, String prefix) {
      this.words = words;
      this.plural = plural;
      this.prefix = prefix;
    }
  }

  /** The repository of that id; empty where the text can't be one. */
  static Optional<Repository> of(Kind kind, String id) {
    return ID.matcher(id).matches() ? Optional.of(new Repository(kind, id)) : Optional.empty();
  }

  /** Whether a text can name a commit, a branch or a tag. */
  static boolean isRevision(String text) {
    return REVISION.matcher(text).matches();
  }

  /** What sentences call it without its id: {@code model}. */
  String noun() {
    return kind.words;
  }

  /** As sentences call it: {@code model Qwen/Qwen3-8B}. */
  String words() {
    return kind.words + " " + id;
  }

  /** Its folder's name in the cache. */
  String folderName() {
    return kind.plural + "--" + id.replace("/", "--");
  }

  /** The path of what the hub says of it. */
  String api() {
    return "/api/" + kind.plural + "/" + id;
  }

  /** The path of its page. */
  String page() {
    return "/" + kind.prefix + id;
  }

  /** The path of one of its files. */
  String file(String commit, String name) {
    return page() + "/resolve/" + commit + "/" + escaped(name, "/");
  }

  /** The path of a list of all its files. */
  String tree(String commit) {
    return api() + "/tree/" + commit;
  }

  /** The path of what the hub says of a revision. */
  String revision(String revision) {
    return api() + "/revision/" + escaped(revision, "");
  }

  /**
   * A text as a part of an address (RFC 3986, 2.3).
   *
   * @param also what may stay beside letters, digits and {@code -._~}
   */
  private static String escaped(String text, String also) {
    StringBuilder escaped = new StringBuilder();
    for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (unit & 0xff);
      boolean plain =
          c < 0x80
              && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0 || also.indexOf(c) >= 0);
      escaped.append(plain ? String.valueOf(c) : "%%%02X".formatted((int) c));
    }
    return escaped.toString();
  }
}
