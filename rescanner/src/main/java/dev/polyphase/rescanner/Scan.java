package dev.polyphase.rescanner;

import java.util.List;

/**
 * What a scan measured.
 *
 * @param modules the modules in the published scanner's order
 */
public record Scan(List<ModuleSpectrum> modules) {

  public Scan {
    modules = List.copyOf(modules);
  }

  /** The entries of the scan's file. */
  public List<ModuleSnr> snrs() {
    return modules.stream().map(ModuleSpectrum::snr).toList();
  }
}
