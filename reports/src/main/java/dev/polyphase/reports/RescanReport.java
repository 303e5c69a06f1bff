package dev.polyphase.reports;

import java.util.List;

/**
 * What a rescan on a phase's way changed.
 *
 * @param step the steps that were taken before it
 * @param entered the modules that are trained from there on
 * @param left those that were trained until there
 */
public record RescanReport(long step, List<String> entered, List<String> left) {
  public RescanReport {
    entered = List.copyOf(entered);
    left = List.copyOf(left);
  }
}
