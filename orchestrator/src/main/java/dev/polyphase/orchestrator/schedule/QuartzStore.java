package dev.polyphase.orchestrator.schedule;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import javax.sql.DataSource;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.core.QuartzScheduler;
import org.quartz.core.QuartzSchedulerResources;
import org.quartz.impl.DefaultThreadExecutor;
import org.quartz.impl.StdJobRunShellFactory;
import org.quartz.impl.StdScheduler;
import org.quartz.impl.jdbcjobstore.InvalidConfigurationException;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.simpl.CascadingClassLoadHelper;
import org.quartz.simpl.SimpleThreadPool;
import org.quartz.spi.ClassLoadHelper;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/**
 * Quartz over a database that services share.
 *
 * <p>It is put together by hand: Quartz's factories keep schedulers by name for the whole process,
 * and all services have one name, by which they find each other's schedules.
 */
final class QuartzStore {
  /** The name of all schedulers on a database. */
  static final String NAME = "polyphase";

  /** A time that passed longer ago was missed. */
  static final Duration MISSED_AFTER = Duration.ofSeconds(5);

  /** How often a service says that it lives. */
  static final Duration CHECK_IN = Duration.ofSeconds(5);

  /** How late a service may be to say so. */
  static final Duration SILENCE = Duration.ofMillis(7500);

  /**
   * How often is asked what others have added. More often than a time is missed, or the first time
   * of what was just added could be.
   */
  private static final Duration ASKED_EVERY = Duration.ofSeconds(2);

  /** A submission is short; two, so that one that waits for a slow disk does not hold up others. */
  private static final int THREADS = 2;

  private QuartzStore() {}

  /** A scheduler that has not been started. */
  static Scheduler open(DataSource database) throws SchedulerException {
    String id = UUID.randomUUID().toString();
    DBConnectionManager.getInstance().addConnectionProvider(id, new Connections(database));
    JobStoreTX store = store(id);
    QuartzSchedulerResources parts = new QuartzSchedulerResources();
    parts.setName(NAME);
    parts.setInstanceId(id);
    parts.setThreadName("schedules");
    parts.setMakeSchedulerThreadDaemon(true);
    parts.setThreadExecutor(new DefaultThreadExecutor());
    parts.setThreadPool(threads());
    parts.setJobStore(store);
    StdJobRunShellFactory runs = new StdJobRunShellFactory();
    parts.setJobRunShellFactory(runs);

    QuartzScheduler quartz =
        new QuartzScheduler(parts, ASKED_EVERY.toMillis(), MISSED_AFTER.toMillis());
    ClassLoadHelper classes = new CascadingClassLoadHelper();
    classes.initialize();
    store.initialize(classes, quartz.getSchedulerSignaler());
    Scheduler scheduler = new StdScheduler(quartz);
    runs.initialize(scheduler);
    quartz.initialize();
    return scheduler;
  }

  private static JobStoreTX store(String id) throws SchedulerException {
    JobStoreTX store = new JobStoreTX();
    store.setDataSource(id);
    store.setInstanceName(NAME);
    store.setInstanceId(id);
    store.setTablePrefix("QRTZ_");
    try {
      store.setDriverDelegateClass(PostgreSQLDelegate.class.getName());
    } catch (InvalidConfigurationException e) {
      throw new SchedulerException(e);
    }
    // Texts can be read by later versions, and by people; serialised objects can't.
    store.setUseProperties("true");
    store.setIsClustered(true);
    store.setClusterCheckinInterval(CHECK_IN.toMillis());
    store.setMisfireThreshold(MISSED_AFTER.toMillis());
    store.setDbRetryInterval(MISSED_AFTER.toMillis());
    store.setMakeThreadsDaemons(true);
    store.setThreadPoolSize(THREADS);
    return store;
  }

  private static SimpleThreadPool threads() throws SchedulerException {
    SimpleThreadPool threads = new SimpleThreadPool(THREADS, Thread.NORM_PRIORITY);
    threads.setThreadNamePrefix("schedules-submit");
    threads.setMakeThreadsDaemons(true);
    threads.initialize();
    return threads;
  }

  /** Connections of a pool that is opened and closed by others. */
  private record Connections(DataSource database) implements ConnectionProvider {
    @Override
    public Connection getConnection() throws SQLException {
      return database.getConnection();
    }

    @Override
    public void initialize() {}

    @Override
    public void shutdown() {}
  }
}
