package dev.polyphase.orchestrator.service.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTokenTest {
  @TempDir Path folder;

  private Path file(String text, String permissions) throws IOException {
    Path file = folder.resolve("token");
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @Test
  void theTokenIsWhatTheFileHoldsBetweenWhiteSpace() throws IOException {
    AccessToken token = AccessToken.read(file(" 0123456789abcdef\n", "rw-------"));
    assertThat(token.is("0123456789abcdef")).isTrue();
    assertThat(token.is("0123456789abcdeg")).isFalse();
    assertThat(token.is("")).isFalse();
  }

  @Test
  void aFileThatOthersMayUseIsRefused() throws IOException {
    for (String permissions : new String[] {"rw-r-----", "rw----r--", "rw--w----", "rwxrwxrwx"}) {
      Path file = file("0123456789abcdef", permissions);
      assertThatThrownBy(() -> AccessToken.read(file))
          .isInstanceOf(InputException.class)
          .hasMessage(file + ": others than its owner may use this file; run chmod 600 on it");
    }
  }

  @Test
  void whatIsNoTokenIsRefused() throws IOException {
    Path tooShort = file("0123456789abcde", "rw-------");
    assertThatThrownBy(() -> AccessToken.read(tooShort))
        .hasMessageContaining("has 15 characters and must have 16 at least");
    Path spaced = file("0123456789 abcdef", "rw-------");
    assertThatThrownBy(() -> AccessToken.read(spaced)).hasMessageContaining("without spaces");
    Path folderItself = folder;
    assertThatThrownBy(() -> AccessToken.read(folderItself))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("this is a folder");
  }
}
