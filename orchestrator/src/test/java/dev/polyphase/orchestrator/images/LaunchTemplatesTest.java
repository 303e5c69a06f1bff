package dev.polyphase.orchestrator.images;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/**
 * The templates for Kubeflow Trainer and SkyPilot: what is submitted, with programs in the place of
 * kubectl, sky and Python that write down what they are asked for.
 */
@EnabledOnOs(OS.LINUX)
class LaunchTemplatesTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path DOCKER = ROOT.resolve("docker");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Those that TrainJob has, of trainer.kubeflow.org/v1alpha1 as of Kubeflow Trainer 2.2. */
  private static final Map<String, Set<String>> FIELDS_OF_TRAINJOB =
      Map.of(
          "",
          Set.of("apiVersion", "kind", "metadata", "spec"),
          "/spec",
          Set.of(
              "activeDeadlineSeconds",
              "initializer",
              "managedBy",
              "runtimePatches",
              "runtimeRef",
              "suspend",
              "trainer"),
          "/spec/runtimeRef",
          Set.of("apiGroup", "kind", "name"),
          "/spec/trainer",
          Set.of(
              "args", "command", "env", "image", "numNodes", "numProcPerNode", "resourcesPerNode"),
          "/spec/trainer/resourcesPerNode",
          Set.of("claims", "limits", "requests"),
          "/spec/runtimePatches/0",
          Set.of("manager", "time", "trainingRuntimeSpec"),
          "/spec/runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0",
          Set.of("name", "template"),
          "/spec/runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec",
          Set.of(
              "affinity",
              "containers",
              "imagePullSecrets",
              "initContainers",
              "nodeSelector",
              "schedulingGates",
              "securityContext",
              "serviceAccountName",
              "tolerations",
              "volumes"),
          "/spec/runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec/containers/0",
          Set.of("env", "name", "securityContext", "volumeMounts"));

  private static final String PODS =
      "/spec/runtimePatches/0/trainingRuntimeSpec/template/spec/replicatedJobs/0/template/spec/template/spec";

  /** Those of a task of SkyPilot. */
  private static final Map<String, Set<String>> FIELDS_OF_TASK =
      Map.of(
          "",
          Set.of(
              "name",
              "workdir",
              "num_nodes",
              "resources",
              "envs",
              "secrets",
              "volumes",
              "file_mounts",
              "setup",
              "run",
              "config"),
          "/resources",
          Set.of(
              "infra",
              "accelerators",
              "accelerator_args",
              "cpus",
              "memory",
              "instance_type",
              "use_spot",
              "disk_size",
              "disk_tier",
              "network_tier",
              "image_id",
              "ports",
              "labels",
              "autostop",
              "any_of",
              "ordered",
              "job_recovery"));

  /** Writes down a line for each call, and answers as the files beside it say. */
  private static final String FAKE =
      """
      #!/bin/sh
      here=$(dirname "$0")
      printf '%s\\n' "$(basename "$0") $*" >> "$here/calls"
      answers=$here/answers.$1
      if [ -s "$answers" ]; then
        answer=$(head -n 1 "$answers")
        sed -i 1d "$answers"
        eval "$answer"
      fi
      """;

  @TempDir Path folder;
  private Path programs;
  private Path job;
  private Path driver;

  /** What a script said and how it ended. */
  private record Ended(int code, String said) {}

  @BeforeEach
  void anEngineFolderAndPrograms() throws IOException {
    programs = Files.createDirectories(folder.resolve("programs"));
    // A name that YAML, sed and shells would each read in their own way.
    job =
        Files.createDirectories(
            folder.resolve("work/it's \"1\" & a|b\\c $HOME #2/phase-02-Align_ment/engine"));
    driver = job.resolve("driver.py");
    for (String name : List.of("kubectl", "sky", "python3")) {
      Path program = Files.writeString(programs.resolve(name), FAKE);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void aTrainJobIsSubmittedAndWaitedFor() throws Exception {
    answer(
        "kubectl", "get", "echo job", "echo job Suspended", "exit 1", "finish; echo job Complete");

    Ended ended = launch("kubeflow", driver.toString(), job.toString(), "2", "8", "/my python");

    assertThat(ended.code()).as(ended.said()).isZero();
    String name = name();
    String submitted = job.resolve("trainjob.yaml").toString();
    assertThat(calls())
        .extracting(call -> call.split(" -o ", -1)[0])
        .containsExactly(
            "kubectl delete trainjob %s --ignore-not-found --cascade=foreground --wait --timeout=280s"
                .formatted(name),
            "kubectl create -f " + submitted,
            "kubectl get trainjob %s --ignore-not-found".formatted(name),
            "kubectl get trainjob %s --ignore-not-found".formatted(name),
            "kubectl get trainjob %s --ignore-not-found".formatted(name),
            "kubectl get trainjob %s --ignore-not-found".formatted(name));
    JsonNode trainJob = yaml(Path.of(submitted));
    assertDocumented(trainJob, FIELDS_OF_TRAINJOB);
    assertThat(trainJob.path("apiVersion").asText()).isEqualTo("trainer.kubeflow.org/v1alpha1");
    assertThat(trainJob.path("kind").asText()).isEqualTo("TrainJob");
    assertThat(trainJob.at("/metadata/name").asText()).isEqualTo(name);
    assertThat(trainJob.at("/spec/runtimeRef/name").asText()).isEqualTo("torch-distributed");
    JsonNode trainer = trainJob.at("/spec/trainer");
    assertThat(trainer.path("numNodes")).isEqualTo(JSON.readTree("2"));
    assertThat(trainer.path("numProcPerNode")).isEqualTo(JSON.readTree("8"));
    assertThat(trainer.at("/resourcesPerNode/limits"))
        .isEqualTo(JSON.readTree("{\"nvidia.com/gpu\": 8}"));
    assertThat(environment(trainer.path("env")))
        .containsEntry("POLYPHASE_DRIVER", driver.toString())
        .containsEntry("POLYPHASE_JOB", job.toString())
        .containsEntry("POLYPHASE_PYTHON", "/my python");
    assertThat(trainJob.at(PODS + "/volumes/0/persistentVolumeClaim/claimName").asText())
        .isEqualTo("polyphase-work");
    JsonNode container = trainJob.at(PODS + "/containers/0");
    // As the runtime calls it.
    assertThat(container.path("name").asText()).isEqualTo("node");
    assertThat(container.at("/volumeMounts/0/mountPath").asText())
        .isEqualTo(folder.resolve("work").toString());
  }

  /** A pod takes part by what the runtime tells it, the first as the host of the rendezvous. */
  @ParameterizedTest
  @CsvSource({"0, true", "1, false"})
  void aPodOfTheTrainJobStartsItsShareOfTheProcesses(String rank, String host) throws Exception {
    answer("kubectl", "get", "finish; echo job Complete");
    launch("kubeflow", driver.toString(), job.toString(), "2", "8");
    Files.delete(job.resolve("outcome.json"));
    Files.delete(programs.resolve("calls"));
    JsonNode trainer = yaml(job.resolve("trainjob.yaml")).at("/spec/trainer");
    answer("python3", "-m", "echo step 1; exit 1");
    Map<String, String> environment = environment(trainer.path("env"));

    List<String> command = texts(trainer.path("command"));
    command.addAll(texts(trainer.path("args")));
    ProcessBuilder pod = builder(command);
    pod.environment().putAll(environment);
    pod.environment().put("PET_NNODES", "2");
    pod.environment().put("PET_NPROC_PER_NODE", "8");
    pod.environment().put("PET_NODE_RANK", rank);
    pod.environment().put("PET_MASTER_ADDR", "job-node-0-0.job");
    pod.environment().put("PET_MASTER_PORT", "29500");

    // Whatever becomes of the driver.
    assertThat(end(pod)).isEqualTo(new Ended(0, "step 1\n"));
    assertThat(calls())
        .containsExactly(
            "python3 -m torch.distributed.run --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d "
                + "--rdzv-endpoint job-node-0-0.job:29500 --rdzv-conf is_host="
                + host
                + ",read_timeout=1800,join_timeout=1800 --max-restarts 0 "
                + driver
                + " "
                + job);
    if (Boolean.parseBoolean(host)) {
      assertThat(job.resolve("driver.log")).hasContent("step 1\n");
    } else {
      assertThat(job.resolve("driver.log")).doesNotExist();
    }

    // One that is started again when all is over has nothing to do.
    Files.createFile(job.resolve("outcome.json"));
    assertThat(end(pod)).isEqualTo(new Ended(0, ""));
    assertThat(calls()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"echo job Complete", "echo job Failed", ":"})
  void aTrainJobWithoutAnOutcomeFails(String end) throws Exception {
    answer("kubectl", "get", end);

    Ended ended = launch("kubeflow", driver.toString(), job.toString(), "1", "1");

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.said()).contains("the TrainJob " + name());
  }

  /** Polyphase starts no other where an earlier one could still write. */
  @ParameterizedTest
  @CsvSource({"kubeflow, kubectl, delete", "skypilot, sky, down"})
  void nothingIsSubmittedWhereAnEarlierJobCantBeEnded(String kind, String program, String verb)
      throws Exception {
    answer(program, verb, "exit 1");
    answer("sky", "status", "echo " + name());

    assertThat(launch(kind, driver.toString(), job.toString(), "1", "1").code()).isNotZero();
    assertThat(calls()).noneMatch(call -> call.matches("kubectl create .*|sky launch .*"));
  }

  @Test
  void aTaskIsLaunchedOnAClusterOfItsOwnThatGoesAfterIt() throws Exception {
    answer("sky", "launch", "finish; exit 100");

    Ended ended = launch("skypilot", driver.toString(), job.toString(), "2", "8");

    assertThat(ended.code()).as(ended.said()).isZero();
    String name = name();
    Path submitted = job.resolve("skypilot.yaml");
    assertThat(calls())
        .containsExactly(
            "sky down --yes " + name,
            "sky launch --yes --down --cluster %s %s".formatted(name, submitted),
            "sky down --yes " + name);
    JsonNode task = yaml(submitted);
    assertDocumented(task, FIELDS_OF_TASK);
    assertThat(task.path("name").asText()).isEqualTo(name);
    assertThat(task.path("num_nodes")).isEqualTo(JSON.readTree("2"));
    assertThat(task.at("/resources/accelerators").asText()).isEqualTo("H100:8");
    assertThat(task.path("volumes"))
        .isEqualTo(JSON.valueToTree(Map.of(folder.resolve("work").toString(), "polyphase-work")));
    assertThat(task.path("volumes").properties().iterator().next().getValue())
        .isEqualTo(yaml(DOCKER.resolve("skypilot/volume.yaml")).path("name"));
    assertThat(Path.of(task.path("file_mounts").elements().next().asText())).isRegularFile();
    String mounted = task.path("file_mounts").fieldNames().next();
    assertThat(task.path("setup").asText()).contains("-r " + mounted + "\n");
    assertThat(task.path("envs").path("POLYPHASE_DRIVER").asText()).isEqualTo(driver.toString());
    assertThat(task.path("envs").path("POLYPHASE_JOB").asText()).isEqualTo(job.toString());
    assertThat(task.path("envs")).allMatch(JsonNode::isTextual);
  }

  @ParameterizedTest
  @CsvSource({"0, 10.0.0.1, true", "1, 10.0.0.2, false"})
  void aMachineOfTheTaskStartsItsShareOfTheProcesses(String rank, String own, String host)
      throws Exception {
    answer("sky", "launch", "finish");
    launch("skypilot", driver.toString(), job.toString(), "2", "8");
    Files.delete(programs.resolve("calls"));
    JsonNode task = yaml(job.resolve("skypilot.yaml"));
    Path python = folder.resolve("home/polyphase/engine/bin/python");
    Files.createDirectories(python.getParent());
    Files.createSymbolicLink(python, programs.resolve("python3"));
    // It finds its folder by the name that it was called by.
    Files.createSymbolicLink(python.resolveSibling("calls"), programs.resolve("calls"));

    ProcessBuilder machine = builder(List.of("bash", "-c", task.path("run").asText()));
    machine.environment().putAll(environmentOf(task.path("envs")));
    machine.environment().put("HOME", folder.resolve("home").toString());
    machine.environment().put("SKYPILOT_NODE_RANK", rank);
    machine.environment().put("SKYPILOT_NODE_IPS", "10.0.0.1\n10.0.0.2");
    machine.environment().put("SKYPILOT_NUM_NODES", "2");
    machine.environment().put("SKYPILOT_NUM_GPUS_PER_NODE", "8");

    assertThat(end(machine)).isEqualTo(new Ended(0, ""));
    assertThat(calls())
        .containsExactly(
            "python -m torch.distributed.run --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d "
                + "--rdzv-endpoint 10.0.0.1:29500 --local-addr "
                + own
                + " --rdzv-conf is_host="
                + host
                + ",read_timeout=1800,join_timeout=1800 --max-restarts 0 "
                + driver
                + " "
                + job);
  }

  @Test
  void aTaskWithoutAnOutcomeFails() throws Exception {
    Ended ended = launch("skypilot", driver.toString(), job.toString(), "1", "1");

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.said()).contains("SkyPilot's cluster " + name());
    assertThat(calls()).last().isEqualTo("sky down --yes " + name());
  }

  /** Ending what is not there is well done: Polyphase can't know. */
  @Test
  void aClusterThatIsNotThereIsTakenDownAlready() throws Exception {
    answer("sky", "down", "exit 1");
    answer("sky", "status", "echo another");

    assertThat(end(builder(List.of(script("skypilot", "cancel.sh"), job.toString()))).code())
        .isZero();
    assertThat(calls()).containsExactly("sky down --yes " + name(), "sky status");
  }

  @ParameterizedTest
  @ValueSource(strings = {"kubeflow", "skypilot"})
  void whatCantBeSubmittedIsRefusedWithASentence(String kind) throws Exception {
    assertThat(launch(kind, driver.toString()).said()).contains("give driver.py");
    assertThat(launch(kind, driver.toString(), job.toString(), "two", "8").said())
        .contains("'two' is no number");
    assertThat(launch(kind, "/elsewhere/driver.py", "/elsewhere", "2", "8"))
        .isEqualTo(
            new Ended(
                1,
                "launch.sh: /elsewhere is not below %s, where the job has its volume; give an output_dir there, or set POLYPHASE_MOUNT.\n"
                    .formatted(folder.resolve("work"))));
    assertThat(programs.resolve("calls")).doesNotExist();
  }

  /** Names are the folder's, so that whoever ends a job needs nothing else. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/work/runs/r/phase-01-foundation/engine",
        "/work/runs/other/phase-01-foundation/engine",
        "/work/r/phase-12-Ünïcode · and a long name - that goes on and on/engine",
        "/engine"
      })
  void namesAreThoseOfTheFolderAndTakenEverywhere(String path) throws Exception {
    String name = nameOf(path);

    assertThat(name).matches("polyphase-[a-z0-9]([a-z0-9-]*[a-z0-9])?").hasSizeLessThan(40);
    assertThat(nameOf(path)).isEqualTo(name);
    assertThat(nameOf(path + "2")).isNotEqualTo(name);
  }

  /** What a template holds and a script does not fill would be submitted as it is. */
  @ParameterizedTest
  @CsvSource({"kubeflow, trainjob.yaml", "skypilot, task.yaml"})
  void everyPlaceholderOfATemplateIsOneThatItsScriptFills(String kind, String template)
      throws IOException {
    String text = Files.readString(DOCKER.resolve(kind).resolve(template));
    String script = Files.readString(DOCKER.resolve(kind).resolve("launch.sh"));

    assertThat(words("\"(@[A-Z_]+@)\"", text.replaceFirst("(?s)^(#.*?\n)+", "")))
        .isNotEmpty()
        .isEqualTo(words("\\\\\"(@[A-Z_]+@)\\\\\"", script));
  }

  /** The README's commands are of a pipeline that is valid, and scripts that are there. */
  @Test
  void theReadmesCommandsAreTakenAndNameTheScripts() throws Exception {
    List<String> engines =
        Pattern.compile("```yaml\n(engine:.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(DOCKER.resolve("README.md")))
            .results()
            .map(match -> match.group(1))
            .toList();
    assertThat(engines).hasSize(2);
    for (String engine : engines) {
      String pipeline =
          """
          name: example
          base_model: model
          defaults: {gradient_accumulation_steps: 16, learning_rate: 1.0e-5}
          phases: [{name: one, type: sft, targeting: {top_percent: 25}, datasets: [{path: x.jsonl}]}]
          """;
      TrainingEngine read =
          PipelineReader.parse(pipeline + engine, "README.md", List.of())
              .phases()
              .get(0)
              .engine()
              .orElseThrow();
      assertThat(read.launch()).isInstanceOf(TrainingEngine.Launch.Command.class);
      String line = ((TrainingEngine.Launch.Command) read.launch()).line();
      for (String command : List.of(line, read.cancel().orElseThrow())) {
        String script = command.split(" ", -1)[0].replaceFirst(".*/(\\w+/\\w+\\.sh)$", "$1");
        assertThat(DOCKER.resolve(script)).isExecutable();
        assertThat(command).contains("{job}");
      }
    }
    assertThat(Dockerfile.read(DOCKER.resolve("Dockerfile.trl")).result().all("COPY"))
        .contains(
            "docker/kubeflow /opt/polyphase/kubeflow", "docker/job-name /opt/polyphase/job-name");
  }

  /** What people apply fits what the scripts ask for. */
  @Test
  void theClusterHasWhatTheScriptsAskFor() throws IOException {
    List<JsonNode> objects = new ArrayList<>();
    for (Object object :
        new Yaml().loadAll(Files.readString(DOCKER.resolve("kubeflow/polyphase.yaml")))) {
      objects.add(JSON.valueToTree(object));
    }
    String launch = Files.readString(DOCKER.resolve("kubeflow/launch.sh"));
    JsonNode pod = one(objects, "Deployment", "polyphase").at("/spec/template/spec");
    JsonNode container = pod.at("/containers/0");

    assertThat(
            one(objects, "PersistentVolumeClaim", "polyphase-work")
                .at("/spec/accessModes/0")
                .asText())
        .isEqualTo("ReadWriteMany");
    assertThat(launch)
        .contains("${POLYPHASE_CLAIM:-polyphase-work}")
        .contains(
            "${POLYPHASE_MOUNT:-%s}".formatted(container.at("/volumeMounts/0/mountPath").asText()))
        .contains("${POLYPHASE_IMAGE:-%s}".formatted(container.path("image").asText()));
    for (JsonNode volume : pod.path("volumes")) {
      one(objects, "PersistentVolumeClaim", volume.at("/persistentVolumeClaim/claimName").asText());
    }
    assertThat(pod.path("serviceAccountName").asText())
        .isEqualTo(one(objects, "RoleBinding", "polyphase").at("/subjects/0/name").asText());
    JsonNode rule = one(objects, "Role", "polyphase").at("/rules/0");
    assertThat(texts(rule.path("resources"))).containsExactly("trainjobs");
    // To wait for the end of one, kubectl lists and watches.
    assertThat(texts(rule.path("verbs")))
        .containsExactlyInAnyOrder("create", "get", "list", "watch", "delete");
    assertThat(texts(container.path("args"))).containsSequence("--host", "127.0.0.1");
    assertThat(pod.at("/securityContext/runAsUser"))
        .isEqualTo(
            yaml(DOCKER.resolve("kubeflow/trainjob.yaml")).at(PODS + "/securityContext/runAsUser"));
  }

  private static JsonNode one(List<JsonNode> objects, String kind, String name) {
    return objects.stream()
        .filter(object -> object.path("kind").asText().equals(kind))
        .filter(object -> object.at("/metadata/name").asText().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no %s is called %s".formatted(kind, name)));
  }

  private static void assertDocumented(JsonNode object, Map<String, Set<String>> fields) {
    fields.forEach(
        (pointer, names) -> {
          JsonNode part = pointer.isEmpty() ? object : object.at(pointer);
          assertThat(part.isObject()).as(pointer).isTrue();
          part.fieldNames()
              .forEachRemaining(field -> assertThat(names).as(pointer).contains(field));
        });
    assertThat(object.toString()).doesNotContainPattern("@[A-Z_]+@");
  }

  private static Set<String> words(String regex, String text) {
    return Pattern.compile(regex)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toSet());
  }

  /** Commands of the shell, each the answer to one call; {@code finish} writes an outcome. */
  private void answer(String program, String verb, String... commands) throws IOException {
    assertThat(programs.resolve(program)).exists();
    Files.write(
        programs.resolve("answers." + verb),
        Arrays.stream(commands)
            .map(command -> command.replace("finish", "touch \"$JOB/outcome.json\""))
            .toList());
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(programs.resolve("calls"));
  }

  private String name() throws Exception {
    return nameOf(job.toString());
  }

  private String nameOf(String path) throws Exception {
    Ended ended = end(builder(List.of(DOCKER.resolve("job-name").toString(), path)));
    assertThat(ended.code()).as(ended.said()).isZero();
    return ended.said().strip();
  }

  private static String script(String kind, String name) {
    return DOCKER.resolve(kind).resolve(name).toString();
  }

  private Ended launch(String kind, String... arguments) throws Exception {
    return end(
        builder(
            Stream.concat(Stream.of(script(kind, "launch.sh")), Arrays.stream(arguments))
                .toList()));
  }

  private ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("PATH", programs + ":/usr/bin:/bin");
    environment.put("LC_ALL", "C.UTF-8");
    environment.put("JOB", job.toString());
    environment.put("POLYPHASE_MOUNT", folder.resolve("work").toString());
    environment.put("POLYPHASE_POLL_SECONDS", "0");
    return builder;
  }

  private static Ended end(ProcessBuilder builder) throws Exception {
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), said);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static Map<String, String> environment(JsonNode variables) {
    Map<String, String> environment = new HashMap<>();
    for (JsonNode variable : variables) {
      assertThat(variable.path("value").isTextual()).isTrue();
      environment.put(variable.path("name").asText(), variable.path("value").asText());
    }
    return environment;
  }

  private static Map<String, String> environmentOf(JsonNode variables) {
    Map<String, String> environment = new HashMap<>();
    variables
        .properties()
        .forEach(each -> environment.put(each.getKey(), each.getValue().asText()));
    return environment;
  }

  private static JsonNode yaml(Path file) throws IOException {
    Object content = new Yaml().load(Files.readString(file));
    return JSON.valueToTree(content);
  }
}
