package dev.polyphase.orchestrator.bench;

import java.util.OptionalLong;

/**
 * What the benchmark of scans measured.
 *
 * @param fullSeconds our scan with nothing in the cache, reading included
 * @param referenceSeconds the reference's, after the model was read
 * @param rescanSeconds our scan after a quarter of the modules changed
 * @param maxRelativeDifference the largest relative difference of a ratio from the reference's, of
 *     the full scan and of the rescan
 * @param sameSelection whether the same modules are selected at 15, 20, 25 and 50 percent
 * @param peakBytes resident memory of a process that scans as we do
 * @param referencePeakBytes resident memory of a process that scans as the reference does
 * @param modelBytes all tensors as stored
 */
public record ScanFigures(
    double fullSeconds,
    double referenceSeconds,
    double rescanSeconds,
    double maxRelativeDifference,
    boolean sameSelection,
    OptionalLong peakBytes,
    OptionalLong referencePeakBytes,
    long modelBytes) {}
