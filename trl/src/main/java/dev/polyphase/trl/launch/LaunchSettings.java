package dev.polyphase.trl.launch;

import java.nio.file.Path;

/**
 * What each way to start a job asks for.
 *
 * @param phase the phase's name, by which people know the job
 * @param python the Python that runs the driver, on each machine
 * @param nodes on how many machines
 * @param processesPerNode with how many processes each
 * @param gpus whether each process needs a GPU
 */
public record LaunchSettings(
    String phase, Path python, int nodes, int processesPerNode, boolean gpus) {}
