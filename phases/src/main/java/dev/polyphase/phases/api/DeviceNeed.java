package dev.polyphase.phases.api;

/**
 * What one device of a phase holds and needs.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param firstBlock the number of its first block, counted from 0
 * @param blocks how many blocks it has, which follow each other
 * @param bytes what it needs at its peak; where there are several devices, mapped weights included
 */
public record DeviceNeed(String device, int firstBlock, int blocks, long bytes) {}
