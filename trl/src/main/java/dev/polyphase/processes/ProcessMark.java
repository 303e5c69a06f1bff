package dev.polyphase.processes;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A process, told from a later one that has its number.
 *
 * @param place where numbers of processes mean the same: the machine since its start, and there the
 *     namespace
 * @param pid its number
 * @param start when it began, in the system's own count
 */
public record ProcessMark(String place, long pid, long start) {
  private static final Path PROC = Path.of("/proc");

  /** The fields of {@code /proc/PID/stat} behind the name: the state, and when it began. */
  private static final int STATE = 0;

  private static final int STARTED = 19;

  /** This process. */
  public static ProcessMark self() {
    return of(ProcessHandle.current());
  }

  /** A process of this machine. */
  public static ProcessMark of(ProcessHandle process) {
    return new ProcessMark(here(), process.pid(), started(process.pid()));
  }

  /** Stands for a process of this machine that is still to be started: none, for now. */
  public static ProcessMark toBeStarted() {
    return new ProcessMark(here(), 0, -1);
  }

  /** Whether it is a process that could be seen from here. */
  public boolean isHere() {
    return place.equals(here());
  }

  /** Whether it is here and has not ended. */
  public boolean isAlive() {
    return handle().isPresent();
  }

  /** The process; empty where it has ended, or is elsewhere. */
  public Optional<ProcessHandle> handle() {
    return isHere() && started(pid) == start && start >= 0
        ? ProcessHandle.of(pid).filter(ProcessHandle::isAlive)
        : Optional.empty();
  }

  /** When the process of a number began; -1 where there is none that has not ended. */
  private static long started(long pid) {
    Path stat = PROC.resolve(Long.toString(pid)).resolve("stat");
    if (Files.exists(PROC.resolve("self").resolve("stat"))) {
      try {
        String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
        // The name, in parentheses, may hold anything.
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        boolean ended = fields[STATE].equals("Z") || fields[STATE].equals("X");
        return ended ? -1 : Long.parseLong(fields[STARTED]);
      } catch (IOException | RuntimeException e) {
        return -1;
      }
    }
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .flatMap(process -> process.info().startInstant())
        .map(Instant::toEpochMilli)
        .orElse(-1L);
  }

  private static String here() {
    return Here.PLACE;
  }

  /** Found out once. */
  private static final class Here {
    static final String PLACE = find();

    private static String find() {
      try {
        return Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip()
            + " "
            + Files.readSymbolicLink(PROC.resolve("self/ns/pid"));
      } catch (IOException | RuntimeException e) {
        return host();
      }
    }

    private static String host() {
      try {
        return InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException e) {
        return "localhost";
      }
    }
  }
}
