package dev.polyphase.reports;

/**
 * A file that a phase read its rows from.
 *
 * @param path its path as the pipeline gives it
 * @param sha256 the digest of its bytes when the phase began
 */
public record DataFile(String path, String sha256) {}
