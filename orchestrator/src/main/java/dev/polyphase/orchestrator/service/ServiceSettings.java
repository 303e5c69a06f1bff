package dev.polyphase.orchestrator.service;

import dev.polyphase.orchestrator.machine.Gpu;
import dev.polyphase.orchestrator.service.web.AccessToken;
import dev.polyphase.pipelines.problems.InputException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a service is told when it is started.
 *
 * @param host the name or address that it listens on
 * @param port the port; 0 for any that is free
 * @param token what has to be known; null where it is for this machine alone
 * @param devices what runs run on, one a device at a time
 * @param home {@code POLYPHASE_HOME}
 * @param folder the folder that paths are seen from
 * @param version of Polyphase
 */
public record ServiceSettings(
    String host,
    int port,
    @Nullable AccessToken token,
    List<String> devices,
    Path home,
    Path folder,
    String version) {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.\\d{1,3}){3}|::1|\\[::1\\]");
  private static final Pattern DEVICE = Pattern.compile("cpu|cuda:\\d{1,3}");
  private static final int LAST_PORT = 65_535;

  /**
   * Settings that are safe.
   *
   * @throws InputException where others could ask without a token, or a value is none
   */
  public ServiceSettings {
    devices = List.copyOf(devices);
    if (port < 0 || port > LAST_PORT) {
      throw new InputException("--port is %d; it must be from 0 to %d".formatted(port, LAST_PORT));
    }
    if (token == null && !LOOPBACK.matcher(host).matches()) {
      throw new InputException(
          "--host is %s, which others can reach; that needs a token: give --token-file"
              .formatted(host));
    }
    for (String device : devices) {
      if (!DEVICE.matcher(device).matches()) {
        throw new InputException(
            "--devices has %s; name devices as cuda:0,cuda:1 or cpu".formatted(device));
      }
    }
  }

  /** The devices of this machine: each GPU, or without one the processor. */
  public static List<String> devicesHere() {
    List<Gpu> gpus = Gpu.all();
    return gpus.isEmpty()
        ? List.of("cpu")
        : IntStream.range(0, gpus.size()).mapToObj(index -> "cuda:" + index).toList();
  }
}
