package dev.polyphase.orchestrator.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, piece by piece: no more of it than two pieces is in memory, and one that
 * does not come in time is a failure. Java's own stream of a body waits for ever.
 */
final class BodyReader implements BodySubscriber<BodyReader>, AutoCloseable {

  private sealed interface Event {}

  private record Piece(List<ByteBuffer> bytes) implements Event {}

  private record End() implements Event {}

  private record Failed(Throwable cause) implements Event {}

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private Flow.@Nullable Subscription subscription;
  private boolean ended;

  @Override
  public CompletionStage<BodyReader> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public synchronized void onSubscribe(Flow.Subscription subscription) {
    this.subscription = subscription;
    if (ended) {
      subscription.cancel();
    } else {
      subscription.request(1);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> bytes) {
    events.add(new Piece(bytes));
  }

  @Override
  public void onError(Throwable cause) {
    events.add(new Failed(cause));
  }

  @Override
  public void onComplete() {
    events.add(new End());
  }

  /**
   * The next piece; none at the body's end.
   *
   * @throws IOException if it does not come, within this time or at all
   */
  List<ByteBuffer> next(Duration timeout) throws IOException, InterruptedException {
    if (ended) {
      return List.of();
    }
    @Nullable Event event = events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
    if (event instanceof Piece piece) {
      request();
      return piece.bytes.isEmpty() ? next(timeout) : piece.bytes;
    }
    if (event instanceof End) {
      ended = true;
      return List.of();
    }
    close();
    throw event instanceof Failed failed
        ? new IOException("the connection was cut", failed.cause)
        : new HttpTimeoutException("nothing came in time");
  }

  private synchronized void request() {
    if (subscription != null) {
      subscription.request(1);
    }
  }

  /** Lets go of the connection where the body is not at its end. */
  @Override
  public synchronized void close() {
    if (!ended) {
      ended = true;
      if (subscription != null) {
        subscription.cancel();
      }
    }
  }
}
