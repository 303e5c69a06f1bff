package dev.polyphase.kernels;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import dev.polyphase.weights.FileFailure;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;

/**
 * A file in this process's addresses, once however many parts of it are in use: the system's own
 * pages of it, shared and for reading only. They are nobody's memory, so that a file may be larger
 * than memory and swap together; libtorch's own mappings are private and writable, for which the
 * system sets memory aside as if all of it were going to be written to.
 *
 * <p>It is the system's {@code mmap} through JNA, which DJL brings along: Java's mappings end at 2
 * GiB, which a tensor may exceed, and go when the garbage collector sees fit.
 */
final class MappedFile {
  /** Of Linux and macOS alike. */
  private static final int PROT_READ = 1;

  private static final int MAP_SHARED = 1;
  private static final int MADV_DONTNEED = 4;
  private static final int O_RDONLY = 0;
  private static final int ENOMEM = 12;

  /** More than any system's page. */
  private static final long PAGE = 1 << 16;

  private static final Map<Identity, MappedFile> MAPPED = new HashMap<>();

  private final Identity identity;
  private final Pointer start;
  private int parts;

  /**
   * What a file is known by, whatever its name: another one that takes its place has another key,
   * and what was mapped of one that grew is too short.
   */
  private record Identity(Object key, long bytes) {}

  private MappedFile(Identity identity, Pointer start) {
    this.identity = identity;
    this.start = start;
  }

  /** Whether the system maps files like that; Windows does not. */
  static boolean isSupported() {
    return !Platform.isWindows();
  }

  /** Some of a file's bytes, which stay mapped until this is closed. */
  static final class Part implements AutoCloseable {
    private final MappedFile file;
    private final long position;
    private final long byteCount;
    private boolean closed;

    private Part(MappedFile file, long position, long byteCount) {
      this.file = file;
      this.position = position;
      this.byteCount = byteCount;
    }

    /** A buffer that begins where the bytes do; of more than 2 GiB it does not reach the end. */
    ByteBuffer start() {
      return file.start.getByteBuffer(position, Math.min(byteCount, Integer.MAX_VALUE));
    }

    @Override
    public void close() {
      synchronized (MAPPED) {
        if (!closed) {
          closed = true;
          file.letGo(this);
        }
      }
    }
  }

  /**
   * Maps some of a file's bytes.
   *
   * @throws IOException that names the file, where it is shorter or the system refuses
   */
  static Part map(Path file, long position, long byteCount) throws IOException {
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    if (!now.isRegularFile()) {
      throw FileFailure.reading(file, new IOException("it is no file any more"));
    }
    if (position + byteCount > now.size()) {
      // Reading past a file's end through a mapping ends the process.
      throw FileFailure.reading(file, new EOFException());
    }
    Object key = now.fileKey() == null ? file.toRealPath() : now.fileKey();
    Identity identity = new Identity(key, now.size());
    synchronized (MAPPED) {
      MappedFile mapped = MAPPED.get(identity);
      if (mapped == null) {
        mapped = new MappedFile(identity, pages(file, now.size()));
        MAPPED.put(identity, mapped);
      }
      mapped.parts++;
      return new Part(mapped, position, byteCount);
    }
  }

  /** The caller holds the lock. */
  private void letGo(Part part) {
    parts--;
    if (parts == 0) {
      MAPPED.remove(identity);
      LibC.munmap(start, identity.bytes);
      return;
    }
    // Its pages would count as this process's as long as others are in use. Whoever still reads
    // them as a part of his own gets them again.
    long begin = (part.position + PAGE - 1) / PAGE * PAGE;
    long end = (part.position + part.byteCount) / PAGE * PAGE;
    if (begin < end) {
      LibC.madvise(start.share(begin), end - begin, MADV_DONTNEED);
    }
  }

  private static Pointer pages(Path file, long bytes) throws IOException {
    String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
    int descriptor =
        LibC.open(Native.toByteArray(file.toAbsolutePath().toString(), encoding), O_RDONLY);
    if (descriptor < 0) {
      throw refused(file, bytes);
    }
    Pointer pages = LibC.mmap(Pointer.NULL, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    IOException failure = refused(file, bytes);
    LibC.close(descriptor);
    if (Pointer.nativeValue(pages) == -1) {
      throw failure;
    }
    return pages;
  }

  private static IOException refused(Path file, long bytes) {
    int error = Native.getLastError();
    String why =
        error == ENOMEM
            ? "its %,d bytes do not fit in the addresses that this process may have; raise ulimit -v"
                .formatted(bytes)
            : "it can't be mapped: " + LibC.strerror(error);
    return FileFailure.reading(file, new IOException(why));
  }

  /** The system's functions; all systems that libtorch is for have 64 bits. */
  private static final class LibC {
    static {
      Native.register(LibC.class, Platform.C_LIBRARY_NAME);
    }

    private LibC() {}

    static native int open(byte[] path, int flags);

    static native int close(int descriptor);

    static native Pointer mmap(
        Pointer address, long length, int protection, int flags, int descriptor, long offset);

    static native int munmap(Pointer address, long length);

    static native int madvise(Pointer address, long length, int advice);

    static native String strerror(int error);
  }
}
