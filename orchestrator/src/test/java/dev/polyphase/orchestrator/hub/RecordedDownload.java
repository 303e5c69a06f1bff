package dev.polyphase.orchestrator.hub;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** What was told of downloads. */
final class RecordedDownload implements DownloadListener {
  final List<String> said = Collections.synchronizedList(new ArrayList<>());
  final AtomicLong bytes = new AtomicLong();

  @Override
  public void begins(String what, String from, int files, long bytes, long there) {
    said.add("%s, %d files, %d bytes, %d there".formatted(what, files, bytes, there));
  }

  @Override
  public void received(long more) {
    bytes.addAndGet(more);
  }

  @Override
  public void say(String sentence) {
    said.add(sentence);
  }

  @Override
  public void ends() {
    said.add("end");
  }
}
