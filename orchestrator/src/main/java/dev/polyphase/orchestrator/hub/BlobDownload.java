package dev.polyphase.orchestrator.hub;

import dev.polyphase.orchestrator.hub.DownloadListener.Waiter;
import dev.polyphase.orchestrator.hub.HubServer.Answer;
import dev.polyphase.orchestrator.hub.Listing.RemoteFile;
import dev.polyphase.orchestrator.hub.TryAgainException.Tries;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The download of one content into the cache. What has come of it lies beside the others under a
 * name of its own, from which a later attempt goes on; it gets its real name when all of it is
 * there and its digest is the one that the hub lists.
 *
 * @param received is told how many bytes more are there; fewer than none where some were thrown
 *     away
 */
record BlobDownload(
    HubServer server,
    HubCache cache,
    Repository repository,
    String commit,
    RemoteFile file,
    Waiter waiter,
    LongConsumer received) {
  private static final int BUFFER = 1 << 20;

  /** So much in one attempt is a good part of any file. */
  private static final long GOOD_PART = 1 << 20;

  private static final Pattern RANGE =
      Pattern.compile("bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18}|\\*)");

  /** What came is not what the hub lists. */
  private static final class MismatchException extends Exception {
    MismatchException(String sentence) {
      super(sentence);
    }
  }

  /** Downloads it, as often as it takes. */
  void run() throws IOException, InterruptedException {
    Path blob = cache.blob(repository, file);
    Path partial = cache.partial(repository, file);
    Tries tries = new Tries(waiter);
    Optional<MismatchException> mismatch = Optional.empty();
    while (true) {
      long before = Files.exists(partial) ? Files.size(partial) : 0;
      try {
        attempt(partial);
        break;
      } catch (TryAgainException e) {
        if (Files.size(partial) - before >= GOOD_PART) {
          tries.wentOn();
        }
        tries.failed(e);
      } catch (MismatchException e) {
        empty(partial);
        // Once it may be what an earlier attempt left; from the beginning it is not.
        if (mismatch.isPresent()) {
          throw new OperationFailedException(
              e.getMessage()
                  + "; nothing of it was kept, try again later or with another HF_ENDPOINT");
        }
        mismatch = Optional.of(e);
      }
    }
    try {
      Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw FileFailure.writing(blob, e);
    }
    AtomicFiles.syncFolder(cache.blobs(repository));
  }

  private void attempt(Path partial)
      throws IOException, InterruptedException, TryAgainException, MismatchException {
    FileChannel out;
    try {
      out =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw FileFailure.writing(partial, e);
    }
    try (out) {
      MessageDigest digest = file.digest();
      long there = digested(out, digest);
      if (there > file.size()) {
        throw new MismatchException(says("more bytes than it lists"));
      }
      if (there < file.size()) {
        digest = transfer(out, there, digest);
      }
      if (!HexFormat.of().formatHex(digest.digest()).equals(file.blob())) {
        throw new MismatchException(says("bytes of another checksum than it lists"));
      }
      written(out, channel -> channel.force(true));
    }
  }

  private String says(String what) {
    return "%s has sent twice, of the file %s of the %s, %s"
        .formatted(server.host(), file.name(), repository.words(), what);
  }

  /** What is there already, of which the digest is taken. */
  private long digested(FileChannel out, MessageDigest digest) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    long position = 0;
    for (int read = out.read(buffer, 0); read > 0; read = out.read(buffer, position)) {
      digest.update(buffer.flip());
      buffer.clear();
      position += read;
    }
    return position;
  }

  /** The rest of the file; the digest of all of it. */
  private MessageDigest transfer(FileChannel out, long there, MessageDigest soFar)
      throws IOException, InterruptedException, TryAgainException, MismatchException {
    try (Answer answer = server.open(repository, commit, file, there)) {
      long position = there;
      MessageDigest digest = soFar;
      if (answer.status() == 416) {
        throw new MismatchException(says("that it ends before it does"));
      }
      if (answer.status() == 200 && there > 0) {
        // It does not go on in the middle; then from the beginning.
        written(out, channel -> channel.truncate(0));
        received.accept(-there);
        position = 0;
        digest = file.digest();
      }
      requireLength(answer, position);
      for (List<ByteBuffer> piece = server.next(answer.body());
          !piece.isEmpty();
          piece = server.next(answer.body())) {
        for (ByteBuffer bytes : piece) {
          int count = bytes.remaining();
          if (position + count > file.size()) {
            throw new MismatchException(says("more bytes than it lists"));
          }
          digest.update(bytes.duplicate());
          write(out, bytes, position);
          position += count;
          received.accept(count);
        }
      }
      if (position < file.size()) {
        throw TryAgainException.answered(
            "the connection to %s was cut".formatted(server.host()), Optional.empty());
      }
      return digest;
    }
  }

  private void requireLength(Answer answer, long position) throws MismatchException {
    if (answer.status() == 206) {
      Matcher range = RANGE.matcher(answer.headers().firstValue("Content-Range").orElse(""));
      boolean asked =
          range.matches()
              && Long.parseLong(range.group(1)) == position
              && (range.group(2).equals("*") || Long.parseLong(range.group(2)) == file.size());
      if (!asked) {
        throw new MismatchException(says("another part than it was asked for"));
      }
    }
    long length =
        answer.headers().firstValueAsLong("Content-Length").orElse(file.size() - position);
    if (length != file.size() - position) {
      throw new MismatchException(
          says("%,d bytes, and lists %,d".formatted(length + position, file.size())));
    }
  }

  private void write(FileChannel out, ByteBuffer bytes, long position) throws IOException {
    written(
        out,
        channel -> {
          long at = position;
          while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
          }
        });
  }

  private interface Writing {
    void on(FileChannel channel) throws IOException;
  }

  private void written(FileChannel out, Writing writing) throws IOException {
    try {
      writing.on(out);
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      throw FileFailure.writing(cache.folder(), file.size(), e);
    }
  }

  private void empty(Path partial) throws IOException {
    received.accept(-Files.size(partial));
    Files.delete(partial);
  }
}
