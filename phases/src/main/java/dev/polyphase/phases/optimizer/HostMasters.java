package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A model whose masters are on the CPU, and which computes with copies of them on its devices.
 *
 * @param host the owner of the masters
 * @param copies gives those of the masters by parameter, in the compute's dtype; asked in each
 *     step, since a phase may move to other masters
 * @param onGpu whether the devices are GPUs
 * @param awaitDevices returns when the devices have done all that they were asked for
 */
public record HostMasters(
    NDManager host, Supplier<Map<String, NDArray>> copies, boolean onGpu, Runnable awaitDevices) {}
