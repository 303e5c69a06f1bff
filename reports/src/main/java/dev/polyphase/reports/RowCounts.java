package dev.polyphase.reports;

/**
 * What became of the rows of a phase's datasets; of pairs a row is one.
 *
 * @param read the rows in the files
 * @param kept those that were trained on, or measured on
 * @param cut those of the kept ones that were cut, or in cpt split
 * @param dropped those that were left out because nothing that carries loss was left after the cut
 * @param withoutLoss those that were left out because they carry no loss at any length
 * @param bad those that are wrong
 * @param duplicates those that are equal to one before them
 * @param alsoHeldOut those that were left out because equal ones are held out
 * @param equal the kept pairs whose completions are equal
 * @param tokens the tokens of the kept ones
 */
public record RowCounts(
    long read,
    long kept,
    long cut,
    long dropped,
    long withoutLoss,
    long bad,
    long duplicates,
    long alsoHeldOut,
    long equal,
    long tokens) {}
