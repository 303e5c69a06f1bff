package dev.polyphase.phases.training;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Phases that have a reference by their settings, and rows and losses of next tokens: what models a
 * reference needs does not depend on what is computed with it.
 *
 * @param run the phase, of type sft
 * @param reading its settings that its rows are read by
 * @param begins what the objective does before the first step
 */
record Compared(SftRun run, List<String> reading, Begins begins) implements ObjectiveSource {

  /** What is done once before the first step. */
  interface Begins {
    /**
     * Does it.
     *
     * @param own the objective of next tokens, for batches
     */
    void with(Beginning start, Objective own) throws IOException;
  }

  /** The request of the phase with a reference and other settings. */
  static PhaseRequest request(SftRun run, String reference, String... settings) {
    String[] all = new String[settings.length + 2];
    System.arraycopy(settings, 0, all, 2, settings.length);
    all[0] = "phases.one.type=dpo";
    all[1] = "phases.one.dpo.reference=" + reference;
    return run.request("result", all);
  }

  /** A phase whose rows are as long as they are by default. */
  Compared(SftRun run, Begins begins) {
    this(run, List.of(), begins);
  }

  /** A trainer of such phases. */
  DjlPhaseTrainer trainer() {
    return new DjlPhaseTrainer(this, device -> OptionalLong.empty(), true);
  }

  @Override
  public List<String> notBuilt(Phase phase) {
    return List.of();
  }

  @Override
  public ReadRows read(
      PhaseRequest request,
      String key,
      List<Dataset> datasets,
      RowModel model,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException {
    ReadRows rows =
        NextToken.source(TemporaryRows.reader())
            .read(request(reading), key, datasets, model, tokenizer, listener);
    return (ReadRows)
        with(
            ReadRows.class,
            rows,
            "objective",
            arguments -> {
              Objective own = rows.objective((int[]) arguments[0], (Mixture) arguments[1]);
              return with(
                  Objective.class,
                  own,
                  "begin",
                  start -> {
                    begins.with((Beginning) start[0], own);
                    return null;
                  });
            });
  }

  private PhaseRequest request(List<String> settings) {
    return run.request("result", settings.toArray(String[]::new));
  }

  private interface Call {
    @Nullable Object of(Object[] arguments) throws IOException;
  }

  /** An object of which one method is another. */
  private static Object with(Class<?> type, Object object, String method, Call call) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, called, arguments) -> {
          if (called.getName().equals(method)) {
            return call.of(arguments);
          }
          try {
            return called.invoke(object, arguments);
          } catch (InvocationTargetException e) {
            throw e.getTargetException();
          }
        });
  }
}
