package dev.polyphase.orchestrator.hub;

import dev.polyphase.orchestrator.hub.DownloadListener.Waiter;
import dev.polyphase.orchestrator.hub.Listing.RemoteFile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.DiskSpace;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The Hugging Face hub: repositories that are in the cache, and those that are downloaded into it.
 * What is there whole is taken as it is, and the hub is not asked whether there is something newer.
 */
public final class Hub {
  private static final String MAIN = "main";
  private static final int AT_ONCE = 4;

  private final HubCache cache;
  private final Source source;
  private final String userAgent;
  private final DownloadListener listener;
  private final Waiter waiter;

  /** Reads the settings when they are needed first: most commands need none. */
  @FunctionalInterface
  private interface Source {
    HubSettings settings() throws IOException;
  }

  private Hub(
      HubCache cache, Source source, String userAgent, DownloadListener listener, Waiter waiter) {
    this.cache = cache;
    this.source = source;
    this.userAgent = userAgent;
    this.listener = listener;
    this.waiter = waiter;
  }

  /**
   * The hub as an environment names it.
   *
   * @param home the user's home folder
   * @param version of Polyphase, which is all that the hub is told of who asks
   * @param listener is told of downloads
   */
  public static Hub of(
      Map<String, String> environment, Path home, String version, DownloadListener listener) {
    return of(environment, home, version, listener, time -> Thread.sleep(time.toMillis()));
  }

  /** The same with another way to wait. */
  static Hub of(
      Map<String, String> environment,
      Path home,
      String version,
      DownloadListener listener,
      Waiter waiter) {
    return new Hub(
        HubCache.of(environment, home),
        () -> HubSettings.of(environment, home),
        "polyphase/" + version,
        listener,
        waiter);
  }

  /** Where downloads are. */
  HubCache cache() {
    return cache;
  }

  /**
   * The folder of a repository's files at a revision.
   *
   * @param revision a commit, branch or tag; the main branch otherwise
   * @param elsewhere what else the id might have been, as {@code the folder runs/a}
   * @throws InputException if there is no such thing, or it may not be read
   * @throws OperationFailedException if it can't be downloaded for another reason
   */
  Path snapshot(
      Repository repository, Optional<String> revision, WantedFiles wanted, String elsewhere)
      throws IOException {
    String name = revision.orElse(MAIN);
    if (!Repository.isRevision(name)) {
      throw new InputException(
          "the %s can't have a revision %s; name a commit, branch or tag"
              .formatted(repository.words(), name));
    }
    Optional<Path> there = whole(repository, name, wanted);
    if (there.isPresent()) {
      return there.get();
    }
    HubSettings settings = source.settings();
    if (settings.offline().isPresent()) {
      return unlisted(repository, name)
          .orElseThrow(() -> offline(repository, revision, settings.offline().get(), elsewhere));
    }
    try {
      return download(repository, name, wanted, new HubFailures(settings, elsewhere));
    } catch (UnreachableHubException e) {
      Optional<Path> part = unlisted(repository, name);
      if (part.isPresent()) {
        listener.say(
            "%s; the %s is taken as the cache has it"
                .formatted(e.getMessage(), repository.words()));
        return part.get();
      }
      throw new OperationFailedException(
          "%s, and %s; check the network and HF_ENDPOINT, and name a proxy as POLYPHASE_JAVA_OPTS='-Dhttps.proxyHost=HOST -Dhttps.proxyPort=PORT'"
              .formatted(nowhere(repository, revision, elsewhere), e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  private InputException offline(
      Repository repository, Optional<String> revision, String variable, String elsewhere) {
    return new InputException(
        "%s, and %s forbids downloads; unset that, or bring it there"
            .formatted(nowhere(repository, revision, elsewhere), variable));
  }

  private String nowhere(Repository repository, Optional<String> revision, String elsewhere) {
    return "the %s%s is neither %s nor in the Hugging Face cache %s, or not all of it"
        .formatted(
            repository.words(),
            revision.map(name -> " at " + name).orElse(""),
            elsewhere,
            cache.folder());
  }

  /** The folder where all that is wanted is there. */
  private Optional<Path> whole(Repository repository, String revision, WantedFiles wanted)
      throws IOException {
    Optional<String> commit = cache.commit(repository, revision);
    Optional<Path> snapshot =
        commit.isPresent() ? cache.snapshot(repository, commit.get()) : Optional.empty();
    if (snapshot.isEmpty()) {
      return snapshot;
    }
    Optional<Listing> listing = cache.listing(repository, commit.get());
    boolean whole =
        listing.isPresent()
            ? has(repository, listing.get(), snapshot.get(), wanted)
            : wanted.seemThere(snapshot.get());
    return whole ? snapshot : Optional.empty();
  }

  private boolean has(Repository repository, Listing listing, Path snapshot, WantedFiles wanted)
      throws IOException {
    return hasAll(repository, listing, wanted.first(listing.files().keySet()))
        && hasAll(repository, listing, wanted.all(repository, listing.files().keySet(), snapshot));
  }

  private boolean hasAll(Repository repository, Listing listing, SortedSet<String> names)
      throws IOException {
    for (RemoteFile file : listing.only(names)) {
      if (!cache.has(repository, listing.commit(), file)) {
        return false;
      }
    }
    return true;
  }

  /** A folder of which nobody knows whether it has everything, as other tools may leave it. */
  private Optional<Path> unlisted(Repository repository, String revision) throws IOException {
    Optional<String> commit = cache.commit(repository, revision);
    return commit.isEmpty() || cache.listing(repository, commit.get()).isPresent()
        ? Optional.empty()
        : cache.snapshot(repository, commit.get());
  }

  private Path download(
      Repository repository, String revision, WantedFiles wanted, HubFailures failures)
      throws IOException, InterruptedException {
    RepositoryLock lock =
        RepositoryLock.take(
            cache,
            repository,
            () ->
                listener.say(
                    "waiting for another command, which downloads the " + repository.words()));
    try (lock;
        HubServer server = new HubServer(failures, userAgent, waiter)) {
      Optional<Path> there = whole(repository, revision, wanted);
      return there.isPresent() ? there.get() : download(repository, revision, wanted, server);
    } catch (UnreachableHubException e) {
      throw e;
    } catch (IOException e) {
      throw FileFailure.writing(cache.folder(), e);
    }
  }

  private Path download(
      Repository repository, String revision, WantedFiles wanted, HubServer server)
      throws IOException, InterruptedException {
    Optional<String> known = cache.commit(repository, revision).filter(Listing::isCommit);
    String commit = known.isPresent() ? known.get() : server.commit(repository, revision);
    Optional<Listing> kept = cache.listing(repository, commit);
    Listing listing = kept.isPresent() ? kept.get() : server.list(repository, commit);
    Path snapshot = cache.snapshotFolder(repository, commit);
    Files.createDirectories(snapshot);
    Files.createDirectories(cache.blobs(repository));
    cache.keep(repository, listing);
    Fetch fetch = new Fetch(repository, listing, server);
    Set<String> names = listing.files().keySet();
    fetch.get(listing.only(wanted.first(names)), bytes -> {});
    fetch.announced(listing.only(wanted.all(repository, names, snapshot)));
    cache.keep(repository, revision, commit);
    return snapshot;
  }

  /** Files on their way from the hub into the cache. */
  private final class Fetch {
    private final Repository repository;
    private final Listing listing;
    private final HubServer server;

    Fetch(Repository repository, Listing listing, HubServer server) {
      this.repository = repository;
      this.listing = listing;
      this.server = server;
    }

    void announced(List<RemoteFile> files) throws IOException, InterruptedException {
      Collection<RemoteFile> contents = contents(files);
      long bytes = contents.stream().mapToLong(RemoteFile::size).sum();
      long there = 0;
      for (RemoteFile content : contents) {
        there += there(content);
      }
      requireRoom(bytes - there);
      listener.begins(repository.words(), server.host(), contents.size(), bytes, there);
      try {
        get(files, listener::received);
      } finally {
        listener.ends();
      }
    }

    private long there(RemoteFile file) throws IOException {
      if (cache.hasBlob(repository, file)) {
        return file.size();
      }
      Path partial = cache.partial(repository, file);
      return Files.isRegularFile(partial) ? Math.min(file.size(), Files.size(partial)) : 0;
    }

    private void requireRoom(long bytes) throws IOException {
      OptionalLong free = DiskSpace.freeAt(cache.folder());
      if (free.isPresent() && free.getAsLong() < bytes) {
        throw new InputException(
            "the %s takes %,d bytes more of the disk of %s, where %,d are free; make room, or set HF_HUB_CACHE to a folder on another"
                .formatted(repository.words(), bytes, cache.folder(), free.getAsLong()));
      }
    }

    /** Downloads what is not there, several at a time and the largest first. */
    void get(List<RemoteFile> files, LongConsumer received)
        throws IOException, InterruptedException {
      List<RemoteFile> missing = new ArrayList<>();
      for (RemoteFile content : contents(files)) {
        if (!cache.hasBlob(repository, content)) {
          missing.add(content);
        }
      }
      missing.sort(Comparator.comparingLong(RemoteFile::size).reversed());
      ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE, HubServer::daemon);
      try {
        CompletionService<@Nullable Void> downloads = new ExecutorCompletionService<>(threads);
        for (RemoteFile file : missing) {
          Future<?> unused =
              downloads.submit(
                  () -> {
                    new BlobDownload(
                            server, cache, repository, listing.commit(), file, waiter, received)
                        .run();
                    return null;
                  });
        }
        for (int i = 0; i < missing.size(); i++) {
          downloads.take().get();
        }
      } catch (ExecutionException e) {
        throw failure(e.getCause());
      } finally {
        threads.shutdownNow();
        // Nobody may write any more once the lock is gone.
        threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      }
      for (RemoteFile file : files) {
        if (!cache.has(repository, listing.commit(), file)) {
          cache.link(repository, listing.commit(), file);
        }
      }
    }

    /** Each content once: two files may have the same. */
    private Collection<RemoteFile> contents(List<RemoteFile> files) {
      Map<String, RemoteFile> contents = new LinkedHashMap<>();
      files.forEach(file -> contents.putIfAbsent(file.blob(), file));
      return contents.values();
    }

    private IOException failure(@Nullable Throwable cause) throws IOException {
      if (cause instanceof RuntimeException e) {
        throw e;
      }
      if (cause instanceof Error e) {
        throw e;
      }
      return cause instanceof IOException e ? e : new IOException(cause);
    }
  }
}
