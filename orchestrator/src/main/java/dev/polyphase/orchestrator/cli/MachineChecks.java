package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.kernels.NativeFolder;
import dev.polyphase.orchestrator.engine.Numbers;
import dev.polyphase.orchestrator.hub.HubCache;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.weights.DiskSpace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Looks at Java, the system, its memory and its disks. */
final class MachineChecks {
  private static final long GIBIBYTE = 1L << 30;

  /** A model of half a billion parameters, and what three phases make of it. */
  private static final long LITTLE_DISK = 10 * GIBIBYTE;

  private static final long LITTLE_MEMORY = 4 * GIBIBYTE;

  private MachineChecks() {}

  /** Java and the system. */
  static List<Check> platform() {
    String version = System.getProperty("java.version");
    String java =
        "%s (%s) in %s, heap up to %s"
            .formatted(
                version,
                System.getProperty("java.vendor"),
                System.getProperty("java.home"),
                Numbers.bytes(Runtime.getRuntime().maxMemory()));
    String arch = System.getProperty("os.arch");
    String system =
        System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + arch;
    boolean known = List.of("amd64", "x86_64", "aarch64").contains(arch.toLowerCase(Locale.ROOT));
    return List.of(
        Runtime.version().feature() >= 17
            ? Check.ok("java", java)
            : Check.fail("java", java, "install a JDK 17 or newer and set JAVA_HOME to it"),
        known
            ? Check.ok("system", system)
            : Check.fail(
                "system", system, "libtorch is there for 64-bit Intel, AMD and ARM processors"));
  }

  /** Memory, disks and the folders of caches. */
  static List<Check> storage(Map<String, String> environment, Path home) throws IOException {
    Path ours = PolyphaseHome.of(environment, home).path();
    return List.of(
        memory(),
        disk("disk of runs", Path.of("").toAbsolutePath()),
        disk("disk of POLYPHASE_HOME", ours.toAbsolutePath()),
        unpacked("cache of libtorch", LoadedLibtorch.cacheFolder().toAbsolutePath()),
        models(HubCache.of(environment, home).folder()));
  }

  private static Check memory() throws IOException {
    SystemMemory memory = SystemMemory.now();
    String found =
        "%s of %s available"
            .formatted(Numbers.bytes(memory.available()), Numbers.bytes(memory.total()));
    return memory.available() >= LITTLE_MEMORY
        ? Check.ok("memory", found)
        : Check.warn("memory", found, "polyphase plan says what a pipeline needs");
  }

  private static Check disk(String name, Path folder) throws IOException {
    Path there = DiskSpace.nearest(folder);
    long free = Files.getFileStore(there).getUsableSpace();
    String found = Numbers.bytes(free) + " free at " + folder;
    if (!Files.isWritable(there)) {
      return Check.warn(
          name, found + ", which can't be written to", "make it yours, or choose another");
    }
    return free >= LITTLE_DISK
        ? Check.ok(name, found)
        : Check.warn(name, found, "each phase leaves a whole model; make room or choose another");
  }

  private static Check unpacked(String name, Path folder) {
    // As in an image, where it was unpacked by another user.
    if (Files.isDirectory(folder.resolve(NativeFolder.LIBTORCH))) {
      return Check.ok(name, folder.toString());
    }
    return Files.isWritable(DiskSpace.nearest(folder))
        ? Check.ok(name, folder.toString())
        : Check.fail(
            name,
            folder + ", which can't be written to",
            "libtorch is unpacked there on first use; set POLYPHASE_HOME to a folder of yours");
  }

  private static Check models(Path cache) {
    return Check.ok("cache of models", cache + (Files.isDirectory(cache) ? "" : ", not there yet"));
  }
}
