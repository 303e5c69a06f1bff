package dev.polyphase.trl.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Which Python it is, and what it says of itself. */
@EnabledOnOs(OS.LINUX)
class EnginePythonTest {
  @TempDir Path folder = Path.of("");

  private Lab lab;

  @BeforeEach
  void setUp() throws IOException {
    lab = new Lab(folder);
  }

  private EnginePython python() {
    return new EnginePython(lab.python());
  }

  private EnginePython.Check check(int code, String out, String err) throws IOException {
    Files.writeString(lab.bin.resolve("check.code"), code + "\n");
    Files.writeString(lab.bin.resolve("check.out"), out);
    Files.writeString(lab.bin.resolve("check.err"), err);
    return python().check(lab.engine.resolve("driver.py"), lab.engine, lab.engine, lab.programs());
  }

  @Test
  void theKeyComesBeforeTheVariableAndThatBeforeThePath() throws IOException {
    Path other = Files.copy(lab.python(), lab.bin.resolve("python3.12"));
    Path third = Files.copy(lab.python(), folder.resolve("python"));
    Programs told = lab.programsWith("POLYPHASE_PYTHON", third.toString());
    assertThat(EnginePython.find(Optional.empty(), lab.programs()).program())
        .isEqualTo(lab.python());
    assertThat(EnginePython.find(Optional.empty(), told).program()).isEqualTo(third);
    assertThat(EnginePython.find(Optional.of("python3.12"), told).program()).isEqualTo(other);
    assertThat(EnginePython.find(Optional.of(other.toString()), told).program()).isEqualTo(other);
  }

  @Test
  void aMissingOneIsRefused() {
    Programs none = new Programs(Map.of("PATH", folder.toString()));
    assertThatThrownBy(() -> EnginePython.find(Optional.empty(), none))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(
            "no python3 on the PATH", "pip install torch transformers trl accelerate");
    assertThatThrownBy(() -> EnginePython.find(Optional.of("/venv/bin/python"), none))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("engine.python is /venv/bin/python", "pip install torch");
    Programs wrong =
        new Programs(Map.of("PATH", folder.toString(), "POLYPHASE_PYTHON", "/venv/python"));
    assertThatThrownBy(() -> EnginePython.find(Optional.empty(), wrong))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("POLYPHASE_PYTHON is /venv/python", "pip install torch");
  }

  @Test
  void saysWhatTheDriverFound() throws IOException {
    EnginePython.Check check =
        check(
            0,
            "a library's greeting\n"
                + "{\"versions\": {\"torch\": \"2.13.0\", \"trl\": \"1.13.0\"},"
                + " \"problems\": [\"the model has no x\"], \"gpus\": 8}\n",
            "a warning\n");
    assertThat(check.versions()).isEqualTo(Map.of("torch", "2.13.0", "trl", "1.13.0"));
    assertThat(check.problems()).containsExactly("the model has no x");
    assertThat(check.gpus()).isEqualTo(8);
  }

  @Test
  void missingPackagesAreNamed() {
    String trace = "Traceback (most recent call last):\n  File \"driver.py\", line 3\n";
    assertThatThrownBy(
            () -> check(1, "", trace + "ModuleNotFoundError: No module named 'trl.trainer'\n"))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(
            lab.python() + " lacks the package trl",
            "-m pip install torch transformers trl accelerate",
            "POLYPHASE_PYTHON");
  }

  @Test
  void aBrokenOneIsRefusedWithItsLastWords() {
    assertThatThrownBy(() -> check(1, "", "Traceback\nImportError: libcudart.so.13 is missing\n"))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(
            "--check", "ended with exit code 1: ImportError: libcudart.so.13 is missing");
  }

  @Test
  void anAnswerThatIsNoneIsSaid() {
    for (String out : new String[] {"", "hello\n", "{\"gpus\": 3}\n", "[1]\n"}) {
      assertThatThrownBy(() -> check(0, out, ""))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("--check", "did not answer");
    }
  }
}
