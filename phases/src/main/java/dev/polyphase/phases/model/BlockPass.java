package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.Set;

/**
 * A pass through a block, as far as the memory that it takes depends on it.
 *
 * @param rows how many rows
 * @param tokens the tokens of each, padding counted
 * @param longestDocument the tokens of the longest that attends to itself alone, its prefix counted
 * @param prefixTokens the tokens of prefixes, each as often as a document follows it
 * @param prefixedPairs of each document that follows a prefix its own tokens times all that its
 *     last one sees, added up
 * @param computeBytes the bytes of a value in the compute's dtype
 * @param onCpu whether the block is on the CPU
 * @param trained the roles of what is trained itself or by an adapter, {@code q_proj.weight}: a
 *     layer's input is needed for either gradient
 */
public record BlockPass(
    int rows,
    int tokens,
    int longestDocument,
    long prefixTokens,
    long prefixedPairs,
    int computeBytes,
    boolean onCpu,
    Set<String> trained) {

  /** Whether the weight of any of these modules is trained. */
  boolean trains(String... modules) {
    return Arrays.stream(modules).anyMatch(module -> trained.contains(module + ".weight"));
  }

  boolean float32() {
    return computeBytes == 4;
  }

  /** Whether several documents lie side by side in a row. */
  boolean packed() {
    return longestDocument < tokens;
  }

  /** The tokens of all rows, padding counted. */
  long padded() {
    return (long) rows * tokens;
  }
}
