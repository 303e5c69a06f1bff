package dev.polyphase.rescanner;

/**
 * A measured module.
 *
 * @param target what was measured
 * @param spectrum its singular values in brief
 */
public record ModuleSpectrum(ScanTarget target, Spectrum spectrum) {

  /** The entry of the scan's file. */
  public ModuleSnr snr() {
    return new ModuleSnr(target.module().text(), target.type(), spectrum.snr());
  }
}
