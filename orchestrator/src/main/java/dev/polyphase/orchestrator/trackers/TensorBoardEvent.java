package dev.polyphase.orchestrator.trackers;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Map;
import java.util.zip.CRC32C;

/** TensorBoard's {@code Event} messages as records of its files. */
final class TensorBoardEvent {
  private static final String FILE_VERSION = "brain.Event:2";

  /** Fields of {@code Event}. */
  private static final int WALL_TIME = 1;

  private static final int STEP = 2;
  private static final int VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;

  /** Of {@code Summary} and its values. */
  private static final int VALUE = 1;

  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int TENSOR = 8;
  private static final int METADATA = 9;
  private static final int PLUGIN_DATA = 1;
  private static final int PLUGIN_NAME = 1;

  /** Of {@code TensorProto} and its shape. */
  private static final int DTYPE = 1;

  private static final int SHAPE = 2;
  private static final int DIM = 2;
  private static final int SIZE = 1;
  private static final int STRING_VALUE = 8;

  private static final int DT_STRING = 7;

  private static final int SESSION_STATUS = 1;
  private static final int SESSION_START = 1;

  /** Without it the checksum of a file that holds checksums would be a weak one. */
  private static final int CHECKSUM_MASK = 0xa282ead8;

  private final byte[] bytes;

  private TensorBoardEvent(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The record: the payload's length, that length's checksum, the payload, its checksum. */
  byte[] bytes() {
    return bytes;
  }

  /** What a file begins with. */
  static TensorBoardEvent version(Instant time) {
    return of(event(time).text(VERSION, FILE_VERSION));
  }

  /** Figures after a step, by tag. */
  static TensorBoardEvent scalars(Instant time, long step, Map<String, Number> figures) {
    Protobuf summary = new Protobuf();
    figures.forEach(
        (tag, figure) ->
            summary.message(
                VALUE, new Protobuf().text(TAG, tag).decimal(SIMPLE_VALUE, figure.floatValue())));
    return of(event(time).whole(STEP, step).message(SUMMARY, summary));
  }

  /** A text in Markdown, which stands beside the figures. */
  static TensorBoardEvent text(Instant time, String tag, String markdown) {
    Protobuf tensor =
        new Protobuf()
            .whole(DTYPE, DT_STRING)
            .message(SHAPE, new Protobuf().message(DIM, new Protobuf().whole(SIZE, 1)))
            .text(STRING_VALUE, markdown);
    Protobuf metadata =
        new Protobuf().message(PLUGIN_DATA, new Protobuf().text(PLUGIN_NAME, "text"));
    Protobuf value =
        new Protobuf().text(TAG, tag).message(TENSOR, tensor).message(METADATA, metadata);
    return of(event(time).message(SUMMARY, new Protobuf().message(VALUE, value)));
  }

  /**
   * The process that writes begins with this step: what earlier files have of it and of later ones
   * is not shown any more.
   */
  static TensorBoardEvent start(Instant time, long step) {
    return of(
        event(time)
            .whole(STEP, step)
            .message(SESSION_LOG, new Protobuf().whole(SESSION_STATUS, SESSION_START)));
  }

  private static Protobuf event(Instant time) {
    return new Protobuf().decimal(WALL_TIME, time.getEpochSecond() + time.getNano() / 1e9);
  }

  private static TensorBoardEvent of(Protobuf event) {
    byte[] payload = event.toBytes();
    byte[] length = little(Long.BYTES).putLong(payload.length).array();
    return new TensorBoardEvent(
        little(length.length + payload.length + 2 * Integer.BYTES)
            .put(length)
            .putInt(checksum(length))
            .put(payload)
            .putInt(checksum(payload))
            .array());
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length);
    return Integer.rotateRight((int) crc.getValue(), 15) + CHECKSUM_MASK;
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
