package dev.polyphase.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * What an LZ4 stream holds, of one frame or several (LZ4 Frame Format 1.6.4, Block Format). The
 * decoder of commons-compress, which copies byte by byte through two streams, makes 8 MB/s; Feather
 * files of pandas are compressed so.
 */
final class Lz4InputStream extends InputStream {
  private static final int MAGIC = 0x184D2204;
  private static final int SKIPPABLE = 0x184D2A50;

  private static final int VERSION = 0xC0;
  private static final int VERSION_1 = 0x40;
  private static final int BLOCK_CHECKSUM = 0x10;
  private static final int CONTENT_SIZE = 0x08;
  private static final int CONTENT_CHECKSUM = 0x04;
  private static final int DICTIONARY = 0x01;
  private static final int STORED = 0x80000000;

  /** How far back a block may point into those before it. */
  private static final int WINDOW = 1 << 16;

  private static final int LEAST_MATCH = 4;
  private static final int MOST_OF_A_NIBBLE = 15;

  private final InputStream in;
  private int flags;
  private boolean inFrame;
  private byte[] block = {};

  /** The last bytes of earlier blocks, and this one's behind them. */
  private byte[] out = {};

  private int at;
  private int end;
  private XxHash32 hash = new XxHash32();

  Lz4InputStream(InputStream in) {
    this.in = in;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    while (at == end) {
      if (!inFrame && !beginFrame()) {
        return -1;
      }
      readBlock();
    }
    int count = Math.min(length, end - at);
    System.arraycopy(out, at, into, offset, count);
    at += count;
    return count;
  }

  private boolean beginFrame() throws IOException {
    int first = in.read();
    if (first < 0) {
      return false;
    }
    int magic = first | int8() << 8 | int8() << 16 | int8() << 24;
    if ((magic & ~15) == SKIPPABLE) {
      in.skipNBytes(int32() & 0xffffffffL);
      return true;
    }
    flags = int8();
    int largest = int8() >> 4 & 7;
    if (magic != MAGIC
        || (flags & VERSION) != VERSION_1
        || (flags & DICTIONARY) != 0
        || largest < 4) {
      throw new IOException("no LZ4 frame");
    }
    if ((flags & CONTENT_SIZE) != 0) {
      in.skipNBytes(Long.BYTES);
    }
    int8(); // The checksum of this head.
    int most = 1 << (2 * largest + 8);
    if (out.length < WINDOW + most) {
      block = new byte[most];
      out = new byte[WINDOW + most];
    }
    at = 0;
    end = 0;
    hash = new XxHash32();
    inFrame = true;
    return true;
  }

  private void readBlock() throws IOException {
    if (!inFrame) {
      return; // It was a frame that says nothing.
    }
    int size = int32();
    if (size == 0) {
      inFrame = false;
      if ((flags & CONTENT_CHECKSUM) != 0 && int32() != hash.value()) {
        throw new IOException("another checksum");
      }
      return;
    }
    int length = size & ~STORED;
    if (length > block.length) {
      throw new IOException("a block of " + length);
    }
    if (in.readNBytes(block, 0, length) < length) {
      throw new EOFException();
    }
    if ((flags & BLOCK_CHECKSUM) != 0) {
      int32();
    }
    int kept = Math.min(end, WINDOW);
    System.arraycopy(out, end - kept, out, 0, kept);
    at = kept;
    try {
      end = (size & STORED) != 0 ? stored(kept, length) : decoded(kept, length);
    } catch (IndexOutOfBoundsException e) {
      throw new IOException("a wrong block", e);
    }
    hash.add(out, at, end);
  }

  private int stored(int start, int length) {
    System.arraycopy(block, 0, out, start, length);
    return start + length;
  }

  /** Literals and copies of what came before, in turn; where they end in the output. */
  private int decoded(int start, int length) throws IOException {
    byte[] from = block;
    byte[] to = out;
    int read = 0;
    int written = start;
    while (true) {
      int token = from[read++] & 0xff;
      int literals = token >> 4;
      if (literals == MOST_OF_A_NIBBLE) {
        int more;
        do {
          more = from[read++] & 0xff;
          literals += more;
        } while (more == 0xff);
      }
      System.arraycopy(from, read, to, written, literals);
      read += literals;
      written += literals;
      if (read >= length) {
        if (read > length) {
          throw new IOException("a block that ends too late");
        }
        return written;
      }
      int back = (from[read] & 0xff) | (from[read + 1] & 0xff) << 8;
      read += 2;
      int match = token & MOST_OF_A_NIBBLE;
      if (match == MOST_OF_A_NIBBLE) {
        int more;
        do {
          more = from[read++] & 0xff;
          match += more;
        } while (more == 0xff);
      }
      match += LEAST_MATCH;
      if (back == 0 || back > written) {
        throw new IOException("a copy from before the beginning");
      }
      if (back >= match) {
        System.arraycopy(to, written - back, to, written, match);
        written += match;
      } else {
        for (int stop = written + match; written < stop; written++) {
          to[written] = to[written - back]; // It repeats itself.
        }
      }
    }
  }

  private int int8() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException();
    }
    return b;
  }

  private int int32() throws IOException {
    return int8() | int8() << 8 | int8() << 16 | int8() << 24;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** The checksum of a frame's content: xxHash, 32 bits, of seed 0. */
  private static final class XxHash32 {
    private static final int P1 = 0x9E3779B1;
    private static final int P2 = 0x85EBCA77;
    private static final int P3 = 0xC2B2AE3D;
    private static final int P4 = 0x27D4EB2F;
    private static final int P5 = 0x165667B1;

    /** Their sum, without what is beyond 32 bits. */
    private static final int P1_AND_P2 = 0x24234428;

    private static final int STRIPE = 16;

    private final int[] lanes = {P1_AND_P2, P2, 0, -P1};
    private final byte[] left = new byte[STRIPE];
    private int leftLength;
    private long total;

    void add(byte[] bytes, int start, int end) {
      total += end - start;
      int i = start;
      if (leftLength > 0) {
        int part = Math.min(STRIPE - leftLength, end - start);
        System.arraycopy(bytes, i, left, leftLength, part);
        leftLength += part;
        i += part;
        if (leftLength < STRIPE) {
          return;
        }
        stripe(left, 0);
        leftLength = 0;
      }
      for (; i + STRIPE <= end; i += STRIPE) {
        stripe(bytes, i);
      }
      leftLength = end - i;
      System.arraycopy(bytes, i, left, 0, leftLength);
    }

    private void stripe(byte[] bytes, int at) {
      for (int lane = 0; lane < lanes.length; lane++) {
        lanes[lane] = Integer.rotateLeft(lanes[lane] + int32(bytes, at + 4 * lane) * P2, 13) * P1;
      }
    }

    int value() {
      int hash =
          total < STRIPE
              ? P5
              : Integer.rotateLeft(lanes[0], 1)
                  + Integer.rotateLeft(lanes[1], 7)
                  + Integer.rotateLeft(lanes[2], 12)
                  + Integer.rotateLeft(lanes[3], 18);
      hash += (int) total;
      int i = 0;
      for (; i + 4 <= leftLength; i += 4) {
        hash = Integer.rotateLeft(hash + int32(left, i) * P3, 17) * P4;
      }
      for (; i < leftLength; i++) {
        hash = Integer.rotateLeft(hash + (left[i] & 0xff) * P5, 11) * P1;
      }
      hash = (hash ^ hash >>> 15) * P2;
      hash = (hash ^ hash >>> 13) * P3;
      return hash ^ hash >>> 16;
    }

    private static int int32(byte[] bytes, int at) {
      return (bytes[at] & 0xff)
          | (bytes[at + 1] & 0xff) << 8
          | (bytes[at + 2] & 0xff) << 16
          | bytes[at + 3] << 24;
    }
  }
}
