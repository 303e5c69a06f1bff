package dev.polyphase.orchestrator.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * All files of a repository at one commit, by their names.
 *
 * @param commit 40 hexadecimal digits
 */
record Listing(String commit, SortedMap<String, RemoteFile> files) {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** The most that a file's name has, and the most of these that a repository has. */
  private static final int LONGEST_NAME = 1000;

  /** The format of the lists that huggingface_hub keeps in its cache. */
  private static final int VERSION = 1;

  Listing {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /**
   * A file.
   *
   * @param size in bytes
   * @param gitId the SHA-1 of its git blob; of one in large file storage, of the pointer to it
   * @param sha256 of one in large file storage
   */
  record RemoteFile(String name, long size, String gitId, Optional<String> sha256) {

    /** Its name in the cache, which is what the hub gives as its {@code ETag}. */
    String blob() {
      return sha256.orElse(gitId);
    }

    /** A digest that comes to {@link #blob} over the file's bytes. */
    MessageDigest digest() {
      try {
        if (sha256.isPresent()) {
          return MessageDigest.getInstance("SHA-256");
        }
        // git hash-object: a header, and then the content.
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
        return digest;
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has SHA-1 and SHA-256", e);
      }
    }
  }

  /** The files of these names, which it must have. */
  List<RemoteFile> only(Set<String> names) {
    return names.stream().map(name -> Objects.requireNonNull(files.get(name))).toList();
  }

  /** Whether a text is the name of a commit, rather than of a branch. */
  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /**
   * A file as the hub lists it: {@code path}, {@code size}, {@code oid}, and of one in large file
   * storage {@code lfs.oid}; empty of folders.
   *
   * @throws IllegalArgumentException if that is no list of files, or a file would lie elsewhere
   */
  static Optional<RemoteFile> listed(JsonNode entry) {
    if (!entry.path("type").asText().equals("file")) {
      return Optional.empty();
    }
    JsonNode large = entry.path("lfs");
    return Optional.of(
        file(
            entry.path("path"),
            large.isObject() ? large.path("size") : entry.path("size"),
            entry.path("oid"),
            large.path("oid")));
  }

  /** A listing as {@link #json} wrote it, or huggingface_hub; empty where it is another format. */
  static Optional<Listing> read(String commit, JsonNode json) {
    if (json.path("format_version").asInt() != VERSION || !json.path("files").isObject()) {
      return Optional.empty();
    }
    SortedMap<String, RemoteFile> files = new TreeMap<>();
    try {
      for (Map.Entry<String, JsonNode> entry : json.path("files").properties()) {
        JsonNode file = entry.getValue();
        files.put(
            entry.getKey(),
            file(
                JsonNodeFactory.instance.textNode(entry.getKey()),
                file.has("lfs_size") ? file.path("lfs_size") : file.path("size"),
                file.path("blob_id"),
                file.path("lfs_sha256")));
      }
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    return Optional.of(new Listing(commit, files));
  }

  /** The same in the format in which huggingface_hub keeps such lists. */
  ObjectNode json() {
    ObjectNode all = JsonNodeFactory.instance.objectNode().put("format_version", VERSION);
    ObjectNode list = all.putObject("files");
    for (RemoteFile file : files.values()) {
      ObjectNode entry =
          list.putObject(file.name).put("size", file.size).put("blob_id", file.gitId);
      file.sha256.ifPresent(sha256 -> entry.put("lfs_sha256", sha256).put("lfs_size", file.size));
    }
    return all;
  }

  private static RemoteFile file(JsonNode name, JsonNode size, JsonNode id, JsonNode sha256) {
    boolean sound =
        name.isTextual()
            && staysWithin(name.asText())
            && size.isIntegralNumber()
            && size.canConvertToLong()
            && size.asLong() >= 0
            && isCommit(id.asText())
            && (!sha256.isTextual() || SHA256.matcher(sha256.asText()).matches());
    if (!sound) {
      throw new IllegalArgumentException("no file: " + name);
    }
    return new RemoteFile(
        name.asText(),
        size.asLong(),
        id.asText(),
        sha256.isTextual() ? Optional.of(sha256.asText()) : Optional.empty());
  }

  /** Whether a name leads to a file below the folder that it is in, on any system. */
  private static boolean staysWithin(String name) {
    if (name.isEmpty()
        || name.length() > LONGEST_NAME
        || name.chars().anyMatch(c -> c < 0x20 || c == 0x7f || c == '\\' || c == ':')) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        return false;
      }
    }
    return true;
  }
}
