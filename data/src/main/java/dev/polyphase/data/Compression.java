package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.tukaani.xz.XZInputStream;

/** What has compressed a file, told by its first bytes. Several members in a row are one file. */
enum Compression {
  GZIP("gzip", "gunzip", ".gz", "\u001f\u008b"),
  ZSTD("zstd", "zstd -d", ".zst", "(\u00b5/\u00fd"),
  BZIP2("bzip2", "bunzip2", ".bz2", "BZh"),
  XZ("xz", "unxz", ".xz", "\u00fd7zXZ\0"),
  LZ4("lz4", "lz4 -d", ".lz4", "\4\"M\30");

  /** What {@code zstd --long=31} needs, its largest window; what a frame needs not is not taken. */
  private static final int LARGEST_ZSTD_WINDOW = 31;

  /** 1 GiB: {@code xz -9} takes 65 MiB to read. */
  private static final int MOST_KIB_FOR_XZ = 1 << 20;

  private static final int LONGEST_SIGNATURE = 6;

  private static boolean zstdIsLoaded;

  private final String word;
  private final String tool;
  private final String ending;

  /** In ISO 8859-1. */
  private final String signature;

  Compression(String word, String tool, String ending, String signature) {
    this.word = word;
    this.tool = tool;
    this.ending = ending;
    this.signature = signature;
  }

  /** What has compressed a file that begins so. */
  static Optional<Compression> of(byte[] head) {
    String start = new String(head, 0, Math.min(head.length, LONGEST_SIGNATURE), ISO_8859_1);
    for (Compression compression : values()) {
      if (start.startsWith(compression.signature)) {
        return Optional.of(compression);
      }
    }
    return Optional.empty();
  }

  /** What the ending of a name promises. */
  static Optional<Compression> promised(String name) {
    for (Compression compression : values()) {
      if (name.endsWith(compression.ending)) {
        return Optional.of(compression);
      }
    }
    return Optional.empty();
  }

  /** As messages call it. */
  String word() {
    return word;
  }

  /** The command that decompresses its files. */
  String tool() {
    return tool;
  }

  /** What names of its files end with. */
  String ending() {
    return ending;
  }

  /** A name without the ending of what has compressed its file. */
  static String without(String name) {
    return promised(name)
        .map(found -> name.substring(0, name.length() - found.ending.length()))
        .orElse(name);
  }

  /** What a compressed stream holds. */
  InputStream decompress(InputStream in) throws IOException {
    return switch (this) {
      case GZIP -> new GzipCompressorInputStream(in, true);
      case ZSTD -> {
        loadZstd();
        ZstdInputStreamNoFinalizer zstd = new ZstdInputStreamNoFinalizer(in);
        zstd.setLongMax(LARGEST_ZSTD_WINDOW);
        yield zstd;
      }
      case BZIP2 -> new BZip2CompressorInputStream(in, true);
      case XZ -> new XZInputStream(in, MOST_KIB_FOR_XZ);
      case LZ4 -> new Lz4InputStream(in);
    };
  }

  /** Its library would unpack itself into a folder that all users share. */
  private static synchronized void loadZstd() throws IOException {
    if (!zstdIsLoaded) {
      Path folder = TemporaryFolder.create("zstd").path();
      com.github.luben.zstd.util.Native.load(folder.toFile());
      zstdIsLoaded = true;
    }
  }
}
