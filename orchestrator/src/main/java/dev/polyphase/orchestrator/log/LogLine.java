package dev.polyphase.orchestrator.log;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.engine.EventText;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseResult;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.OptionalDouble;

/** Events as lines of the log: when, how urgent, where, what, in words, and the figures of it. */
final class LogLine {
  /** Always with milliseconds, so that the texts sort as the times do. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private LogLine() {}

  /** The line of an event. */
  static ObjectNode of(StampedEvent happened) {
    RunEvent event = happened.event();
    ObjectNode line = head(happened.time(), level(event), happened.run());
    if (happened.phase() != null) {
      line.put("phase", happened.phase());
    }
    happened.step().ifPresent(step -> line.put("step", step));
    line.put("event", name(event));
    EventText.of(happened).ifPresent(text -> line.put("message", text));
    figures(line, event);
    happened.secondsLeft().ifPresent(seconds -> line.put("seconds_left", thousandths(seconds)));
    return line;
  }

  /**
   * How every line begins.
   *
   * @param run the run's name; empty where it is not known yet
   */
  static ObjectNode head(Instant time, Level level, String run) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    line.put("time", TIME.format(time));
    line.put("level", level.word());
    if (!run.isEmpty()) {
      line.put("run", run);
    }
    return line;
  }

  private static Level level(RunEvent event) {
    if (event instanceof RunEvent.Said said) {
      return said.level();
    }
    if (event instanceof RunEvent.Noted noted) {
      return noted.level();
    }
    return event instanceof RunEvent.RunEnded ended && ended.status() == RunState.Status.FAILED
        ? Level.ERROR
        : Level.INFO;
  }

  private static String name(RunEvent event) {
    if (event instanceof RunEvent.RunStarted started) {
      return started.resumed() ? LogNames.RUN_RESUMED : LogNames.RUN_STARTED;
    }
    if (event instanceof RunEvent.Measured measured) {
      return measured.isStep() ? LogNames.STEP : LogNames.EVALUATED;
    }
    if (event instanceof RunEvent.RunEnded ended) {
      return LogNames.RUN + ended.status().name().toLowerCase(Locale.ROOT);
    }
    return LogNames.of(event.getClass());
  }

  private static void figures(ObjectNode line, RunEvent event) {
    if (event instanceof RunEvent.RunStarted started) {
      line.put("phases", started.phases());
    } else if (event instanceof RunEvent.PhaseChecking checking) {
      line.put("index", checking.index()).put("count", checking.count());
    } else if (event instanceof RunEvent.PhaseStarted started) {
      line.put("index", started.index()).put("count", started.count()).put("type", started.type());
    } else if (event instanceof RunEvent.Reading reads) {
      line.put("file", reads.progress().file());
      line.put("rows", reads.progress().rows()).put("tokens", reads.progress().tokens());
      OptionalDouble share = reads.progress().share();
      share.ifPresent(of -> line.put("share", thousandths(of)));
    } else if (event instanceof RunEvent.ScanStarted scan) {
      line.put("modules", scan.modules());
    } else if (event instanceof RunEvent.Scanned scanned) {
      line.put("done", scanned.done()).put("total", scanned.total());
      line.put("work", scanned.work()).put("total_work", scanned.totalWork());
    } else if (event instanceof RunEvent.Selected selected) {
      line.put("tensors", selected.tensors());
    } else if (event instanceof RunEvent.PhaseResumed resumed) {
      line.put("tokens", resumed.tokens());
    } else if (event instanceof RunEvent.Measured measured) {
      line.put("total_steps", measured.row().totalSteps());
      measured.row().values().forEach((key, value) -> put(line, key, value));
    } else if (event instanceof RunEvent.Saved saved) {
      line.put("folder", saved.checkpoint().folder().toString());
      line.put("bytes", saved.checkpoint().bytes());
      line.put("stood_still_seconds", saved.checkpoint().stoodStillSeconds());
    } else if (event instanceof RunEvent.PhaseFinished finished) {
      result(line, finished.result());
    }
  }

  private static void result(ObjectNode line, PhaseResult result) {
    line.put("steps", result.steps()).put("tokens", result.tokens());
    line.put("trained_tensors", result.trainedTensors());
    line.put("trained_values", result.trainedValues());
    line.put("saved_values", result.savedValues()).put("changed_values", result.changedValues());
    if (result.movedValues() != null) {
      line.put("moved_values", result.movedValues());
    }
    line.put("seconds", result.seconds());
  }

  /** JSON has no word for what is not finite. */
  private static void put(ObjectNode line, String key, Number value) {
    if (value instanceof Long || value instanceof Integer) {
      line.put(key, value.longValue());
    } else if (Double.isFinite(value.doubleValue())) {
      line.put(key, value.doubleValue());
    } else {
      line.putNull(key);
    }
  }

  private static double thousandths(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
