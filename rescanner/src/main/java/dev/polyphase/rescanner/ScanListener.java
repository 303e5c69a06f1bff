package dev.polyphase.rescanner;

/** Hears of a scan's progress, on the scanning thread. */
@FunctionalInterface
public interface ScanListener {

  /**
   * A module was measured.
   *
   * @param done modules measured so far, this one included
   * @param total modules of the scan
   */
  void measured(ModuleSpectrum module, int done, int total);
}
