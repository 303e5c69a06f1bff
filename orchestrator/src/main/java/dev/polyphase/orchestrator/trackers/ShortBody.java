package dev.polyphase.orchestrator.trackers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** The body of an answer in memory, where it is as short as an answer should be. */
final class ShortBody implements BodySubscriber<byte[]> {
  /** A run with a thousand figures has a tenth of it. */
  private static final int MOST = 4 << 20;

  private final CompletableFuture<byte[]> body = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Flow.Subscription subscription = NONE;

  private static final Flow.Subscription NONE =
      new Flow.Subscription() {
        @Override
        public void request(long count) {}

        @Override
        public void cancel() {}
      };

  /** It is longer. */
  static final class TooLongException extends IOException {
    private static final long serialVersionUID = 1;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    this.subscription = subscription;
    subscription.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> pieces) {
    for (ByteBuffer piece : pieces) {
      byte[] next = new byte[piece.remaining()];
      piece.get(next);
      bytes.writeBytes(next);
    }
    if (bytes.size() > MOST) {
      subscription.cancel();
      body.completeExceptionally(new TooLongException());
    } else {
      subscription.request(1);
    }
  }

  @Override
  public void onError(Throwable cause) {
    body.completeExceptionally(cause);
  }

  @Override
  public void onComplete() {
    body.complete(bytes.toByteArray());
  }
}
