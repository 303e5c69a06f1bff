package dev.polyphase.orchestrator.cli;

import dev.polyphase.data.DuckDb;
import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.tokens.Tokenizer;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "native",
    mixinStandardHelpOptions = true,
    description =
        "Unpacks the native libraries that other commands would unpack on first use, as for an"
            + " image.")
final class SetupNativeCommand implements Callable<Integer> {
  private final Console console;

  SetupNativeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    LoadedLibtorch.get();
    Tokenizer.loadLibrary();
    DuckDb.loadLibrary();
    console.results().println(LoadedLibtorch.cacheFolder());
    return ExitCode.DONE;
  }
}
