package dev.polyphase.pipelines;

import java.util.List;

/**
 * A pipeline, every default filled in.
 *
 * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]*}; the day is in it already
 * @param baseModel what the first phase starts from
 * @param vocabulary what is added to its vocabulary
 * @param outputDir the folder of runs, relative to the current one
 * @param seed the seed of shuffling and of new weights
 * @param devices {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:N}, one or more
 * @param dtype of the frozen weights and the compute
 * @param saveDtype of the saved weights
 * @param saveRounding how trained weights are rounded to it
 * @param reportTo the trackers that are told of the run, {@code tensorboard} and {@code mlflow};
 *     {@code none} alone where there are none
 * @param phases at least one, in order
 */
public record Pipeline(
    @Key(
            means =
                "the run's name: letters, digits, `.`, `_`, `-`; `{date}` in it becomes the day, as"
                    + " 2026-11-30",
            pattern = DATED_NAME,
            wanted = NAME_IN_WORDS)
        String name,
    @Key(
            means =
                "a folder, a Hugging Face id as `Qwen/Qwen3-8B`, one of its revisions as"
                    + " `Qwen/Qwen3-8B@REVISION`, or a mapping for a new model",
            wanted = "a model's folder, its id, or {init: random, config: FILE, tokenizer: FOLDER}",
            also = "model_name_or_path")
        BaseModel baseModel,
    Vocabulary vocabulary,
    @Key(
            means =
                "the folder of runs, relative to the current one; `{date}` in it becomes the day",
            absent = "runs",
            wanted = "a folder")
        String outputDir,
    @Key(means = "of shuffling and of new weights", absent = "42", from = 0) long seed,
    @Key(
            name = "device",
            means =
                "`auto`, `cpu`, `cuda`, `cuda:N`, or a list such as `[cuda:0, cuda:1]`, over which"
                    + " a model's blocks are spread",
            absent = "auto",
            orOne = true,
            pattern = "auto|cpu|cuda(:[0-9]{1,3})?",
            wanted = "auto, cpu, cuda, cuda:N or a list of them")
        List<String> devices,
    @Key(
            means =
                "of frozen weights and compute: `float32`, `bfloat16`; auto is float32 on the CPU,"
                    + " bfloat16 on CUDA",
            absent = "auto")
        Dtype dtype,
    @Key(
            means = "of the saved weights: `float32`, `bfloat16`; base keeps each tensor's own",
            absent = "base")
        SaveDtype saveDtype,
    @Key(
            means =
                "how trained weights are rounded to it: `nearest`, or `stochastic`: up or down by"
                    + " chance, so that updates too small for one weight survive in the mean; the"
                    + " same seed gives the same bytes",
            absent = "nearest")
        SaveRounding saveRounding,
    @Key(
            means =
                "what else the figures go to: `tensorboard` for its files in each phase's folder,"
                    + " `mlflow` for the server at `MLFLOW_TRACKING_URI`, `none`, or a list",
            absent = "none",
            orOne = true,
            pattern = "none|tensorboard|mlflow",
            wanted =
                "tensorboard, mlflow, none or a list of them (W&B imports the files of tensorboard;"
                    + " the README says how)")
        List<String> reportTo,
    @Key(means = "the phases, in order", wanted = "a list of phases") List<Phase> phases) {

  /** What names match: they become parts of folders' names, which some file systems limit. */
  static final String NAME = "(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._-]{0,99}";

  /** The same, where {@code {date}} may stand for the day. */
  static final String DATED_NAME =
      "(?!.*\\.\\.)([A-Za-z0-9]|\\{date\\})([A-Za-z0-9._-]|\\{date\\}){0,99}";

  static final String NAME_IN_WORDS =
      "up to 100 letters, digits, '.', '_' and '-' that begin with a letter or digit and hold no"
          + " '..'";

  public Pipeline {
    devices = List.copyOf(devices);
    reportTo = List.copyOf(reportTo);
    phases = List.copyOf(phases);
  }
}
