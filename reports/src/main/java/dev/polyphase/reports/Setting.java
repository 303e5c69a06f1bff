package dev.polyphase.reports;

/**
 * A setting of a phase.
 *
 * @param key its key, as {@code targeting.top_percent}
 * @param value its value as written
 */
public record Setting(String key, String value) {}
