package dev.polyphase.rescanner;

/**
 * The signal-to-noise ratio of one module, an entry of a scan's file.
 *
 * @param module the module's name, without {@code .weight}
 * @param type the type that it is ranked in
 * @param snr the ratio; may be infinite or not a number
 */
public record ModuleSnr(String module, String type, double snr) {}
