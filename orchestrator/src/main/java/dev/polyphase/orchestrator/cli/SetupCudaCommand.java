package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.CudaDriver;
import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.orchestrator.libtorch.CudaSetup;
import dev.polyphase.orchestrator.libtorch.LibtorchTrial.Finding;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "cuda",
    mixinStandardHelpOptions = true,
    description =
        "Finds or fetches libtorch 2.7.1 for CUDA 12, tries it, and keeps it for the commands that"
            + " follow: the torch of python3 (or of POLYPHASE_PYTHON), else pip's, else DJL's.")
final class SetupCudaCommand implements Callable<Integer> {
  private static final String SYSTEM = "Linux on amd64";

  private final Map<String, String> environment;
  private final PolyphaseHome home;
  private final Console console;

  @Option(names = "--fetch", description = "Fetch one even where python3 has one, as for an image.")
  private boolean fetch;

  SetupCudaCommand(Map<String, String> environment, PolyphaseHome home, Console console) {
    this.environment = environment;
    this.home = home;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
    if (!system.equals(SYSTEM)) {
      throw new InputException(
          "libtorch for CUDA is there for %s, and this is %s; Polyphase computes on the CPU here"
              .formatted(SYSTEM, system));
    }
    CudaSetup.Done done =
        CudaSetup.of(
                home.path(),
                environment.getOrDefault("POLYPHASE_PYTHON", "python3"),
                fetch,
                ChildProgram.fetching(List.of("doctor", "--json")),
                new DoctorTrial(),
                line -> {
                  console.messages().println(line);
                  console.messages().flush();
                })
            .run();
    List<Finding> lines = new ArrayList<>(done.outcome().findings());
    lines.add(new Finding("origin", done.libtorch().origin()));
    lines.add(
        new Finding("kept in", SetUpLibtorch.file(home.path()) + "; used wherever there is a GPU"));
    lines.forEach(line -> console.results().printf("%-18s  %s%n", line.name(), line.found()));
    boolean idle = CudaDriver.present() && !done.outcome().gpus();
    return idle ? ExitCode.FAILED : ExitCode.DONE;
  }
}
