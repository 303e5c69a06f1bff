package dev.polyphase.rescanner;

/**
 * A measured module that may be selected.
 *
 * @param snr its entry in the scan's file
 * @param score what it is ranked by; not a number ranks last whatever is taken
 * @param parameters what it trains: the elements of its weight and its bias
 */
public record Candidate(ModuleSnr snr, double score, long parameters) {}
