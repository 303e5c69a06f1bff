package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.util.Optional;

/** Whether bytes of a file that is no JSON, whose parser would look, are text. */
final class Utf8 {
  private static final int CHARACTERS_AT_ONCE = 1024;

  private Utf8() {}

  /** What is no UTF-8 in some bytes, in a sentence; empty if they are text. */
  static Optional<String> fault(byte[] bytes, int start, int end) {
    int i = start;
    while (i < end && bytes[i] >= 0) {
      i++;
    }
    if (i == end) {
      return Optional.empty();
    }
    CharsetDecoder decoder = UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes, i, end - i);
    CharBuffer out = CharBuffer.allocate(CHARACTERS_AT_ONCE);
    while (true) {
      var result = decoder.decode(in, out, true);
      if (result.isError()) {
        return Optional.of(
            "the byte 0x%02X is not text in UTF-8; save the file in UTF-8"
                .formatted(bytes[in.position()]));
      }
      if (result.isUnderflow()) {
        return Optional.empty();
      }
      out.clear();
    }
  }
}
