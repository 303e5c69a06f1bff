package dev.polyphase.orchestrator.service.web;

import static dev.polyphase.orchestrator.service.web.ServiceLab.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.service.watch.LiveRun;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTest {
  private static final String TOKEN = "0123456789abcdef-of-a-test";

  @TempDir Path folder;
  private ServiceLab lab;

  private void startOpen() throws IOException {
    lab = new ServiceLab(folder);
  }

  private void startWithToken() throws IOException {
    Path file = folder.resolve("token");
    Files.writeString(file, TOKEN + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    lab =
        new ServiceLab(
            folder,
            new ServiceLab.Wishes(
                AccessToken.read(file), arguments -> List.of("false"), WebSettings.PATIENCE));
  }

  @AfterEach
  void stop() {
    lab.close();
  }

  private String raw(String head) throws IOException {
    return RawRequest.answer(lab.web.port(), head);
  }

  @Test
  void withoutATokenTheServiceIsForNamesOfThisMachine() throws IOException {
    startOpen();
    for (String host : List.of("localhost", "127.0.0.1:7410", "[::1]:1", "LOCALHOST:80")) {
      assertThat(raw("GET /api/runs HTTP/1.1\nHost: " + host + "\nConnection: close"))
          .startsWith("HTTP/1.1 200");
    }
    for (String host :
        List.of("evil.example", "localhost.evil.example:7410", "127.0.0.1.evil.example", "")) {
      assertThat(raw("GET /api/runs HTTP/1.1\nHost: " + host + "\nConnection: close"))
          .as(host)
          .startsWith("HTTP/1.1 40")
          .doesNotContain("\"runs\"");
      assertThat(raw("GET / HTTP/1.1\nHost: " + host + "\nConnection: close"))
          .startsWith("HTTP/1.1 40");
    }
    assertThat(raw("GET /api/runs HTTP/1.0")).startsWith("HTTP/1.1 403");
  }

  @Test
  void pagesOfOtherSitesAreRefused() throws IOException {
    startOpen();
    String post =
        """
        POST /api/logout HTTP/1.1
        Host: localhost:1
        Content-Type: application/json
        Content-Length: 2
        Connection: close
        """;
    for (String others :
        List.of(
            "Origin: http://evil.example",
            "Origin: null",
            "Origin: http://localhost:2",
            "Origin: http://localhost:1.evil.example",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site")) {
      assertThat(RawRequest.answer(lab.web.port(), post + others, new byte[] {'{', '}'}))
          .as(others)
          .startsWith("HTTP/1.1 403");
    }
    for (String own :
        List.of("Origin: http://localhost:1", "Sec-Fetch-Site: same-origin", "Accept: */*")) {
      assertThat(RawRequest.answer(lab.web.port(), post + own, new byte[] {'{', '}'}))
          .as(own)
          .startsWith("HTTP/1.1 204");
    }
    assertThat(
            raw(
                "GET /api/events HTTP/1.1\nHost: localhost:1\nSec-Fetch-Site: cross-site\n"
                    + "Connection: close"))
        .startsWith("HTTP/1.1 403");
  }

  @Test
  void formsCantSendWhatChangesAnything() throws IOException {
    startOpen();
    for (String type :
        List.of("application/x-www-form-urlencoded", "text/plain", "multipart/form-data")) {
      HttpResponse<String> answer =
          lab.send(
              lab.request("api/queue")
                  .header("Content-Type", type)
                  .POST(HttpRequest.BodyPublishers.ofString("{}")));
      json(415, answer);
    }
    json(415, lab.send(lab.request("api/queue").POST(HttpRequest.BodyPublishers.ofString("{}"))));
    json(422, lab.post("api/queue", "{}"));
  }

  @Test
  void longBodiesAreRefusedWithoutBeingRead() throws IOException {
    startOpen();
    byte[] body = new byte[10_000_000];
    String head =
        """
        POST /api/queue HTTP/1.1
        Host: localhost
        Content-Type: application/json
        Connection: close
        """;
    assertThat(
            RawRequest.answer(lab.web.port(), head + "Content-Length: " + body.length, new byte[0]))
        .startsWith("HTTP/1.1 413")
        .contains("\"problems\"");
    byte[] chunk = new byte[Bodies.MOST_BYTES + 100];
    Arrays.fill(chunk, (byte) ' ');
    byte[] size = "%x\r\n".formatted(body.length).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(size, 0, chunk, 0, size.length);
    assertThat(RawRequest.answer(lab.web.port(), head + "Transfer-Encoding: chunked", chunk))
        .startsWith("HTTP/1.1 413");
    assertThat(
            RawRequest.answer(
                lab.web.port(), head + "Transfer-Encoding: chunked", new byte[] {'z', '\r', '\n'}))
        .startsWith("HTTP/1.1 400");
    json(400, lab.post("api/queue", " ".repeat(Bodies.MOST_BYTES)));
  }

  @Test
  void pathsThatLeadOutAreNone() throws IOException {
    startOpen();
    for (String path :
        List.of(
            "/../../../../etc/passwd",
            "/assets/../../../../../../etc/passwd",
            "/assets/..%2f..%2f..%2fetc%2fpasswd",
            "/assets/%2e%2e/%2e%2e/ServeCommand.class",
            "/assets/./index.html",
            "/assets//index.html",
            "/assets/..\\..\\pom.xml",
            "/assets/views/../../web/WebServer.class",
            "/assets/uplot/../../../../maven/x/pom.xml",
            "/assets/%00index.html",
            "/assets/.hidden",
            "/assets/",
            "/api/runs/../service")) {
      String answer = raw("GET " + path + " HTTP/1.1\nHost: localhost\nConnection: close");
      assertThat(answer).as(path).startsWith("HTTP/1.1 40").contains("problems");
      assertThat(answer).doesNotContain("root:", "Jetty", "Exception", "\tat ");
    }
  }

  @Test
  void requestsThatAreNoneAreAnsweredPlainly() throws IOException {
    startOpen();
    for (String head :
        List.of(
            "GET",
            "GET /api/runs HTTP/9.9\nHost: localhost",
            "BREW /api/runs HTTP/1.1\nHost: localhost\nConnection: close",
            "TRACE /api/runs HTTP/1.1\nHost: localhost\nConnection: close",
            "GET /api/runs HTTP/1.1\nHost: localhost\nX: " + "x".repeat(100_000))) {
      assertThat(raw(head))
          .as(head.substring(0, Math.min(40, head.length())))
          .matches("(?s)(HTTP/1.1 (4|5)\\d\\d .*)?")
          .doesNotContain("Jetty", "<html", "\tat ");
    }
    json(405, lab.send(lab.request("api/runs").DELETE()));
    json(404, lab.get("api/nothing"));
    json(400, lab.post("api/queue", "{\"yaml\":"));
    json(400, lab.post("api/queue", "[]"));
    json(400, lab.post("api/queue", "{\"a\":".repeat(5000)));
  }

  @Test
  void everyAnswerSaysHowItMayBeUsed() throws IOException {
    startOpen();
    for (String path : List.of("", "api/runs", "api/nothing", "healthz", "openapi.json")) {
      HttpResponse<String> answer = lab.get(path);
      assertThat(answer.headers().firstValue("content-security-policy").orElse(""))
          .as(path)
          .contains("default-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe");
      assertThat(answer.headers().firstValue("x-content-type-options")).hasValue("nosniff");
      assertThat(answer.headers().firstValue("referrer-policy")).hasValue("no-referrer");
      assertThat(answer.headers().map()).doesNotContainKeys("server", "x-powered-by");
    }
    assertThat(lab.get("api/runs").headers().firstValue("cache-control")).hasValue("no-store");
  }

  @Test
  void withATokenNothingIsToldWithoutIt() throws Exception {
    startWithToken();
    LiveRun.begin(folder.resolve("runs"), "live").close();
    lab.lookIn(folder.resolve("runs"));
    for (String path : List.of("api/runs", "api/service", "metrics", "api/events", "api/queue")) {
      json(401, lab.get(path));
    }
    for (String path : List.of("healthz", "openapi.json", "")) {
      assertThat(lab.get(path).statusCode()).as(path).isEqualTo(200);
    }
    assertThat(lab.get("healthz").body()).isEqualTo("ok");
    json(200, lab.send(lab.request("api/runs").header("Authorization", "Bearer " + TOKEN)));
    assertThat(
            raw(
                "GET /api/runs HTTP/1.1\nHost: node.example\nAuthorization: Bearer "
                    + TOKEN
                    + "\nConnection: close"))
        .startsWith("HTTP/1.1 200");
    for (String wrong :
        List.of("Bearer " + TOKEN + "x", "Bearer ", "Basic " + TOKEN, TOKEN, "Bearer 0")) {
      json(401, lab.send(lab.request("api/runs").header("Authorization", wrong)));
    }
    json(
        403,
        lab.send(
            lab.request("api/runs")
                .header("Authorization", "Bearer " + TOKEN)
                .header("Origin", "http://evil.example")));
  }

  @Test
  void aLoginIsACookieThatScriptsOfThePageCantRead() throws IOException {
    startWithToken();
    HttpResponse<String> login = lab.post("api/login", "{\"token\":\"" + TOKEN + "\"}");
    assertThat(login.statusCode()).isEqualTo(204);
    String set = login.headers().firstValue("set-cookie").orElseThrow();
    assertThat(set)
        .contains("HttpOnly", "SameSite=Strict", "Path=/")
        .doesNotContain(TOKEN, "Secure");
    String cookie = set.substring(0, set.indexOf(';'));
    json(200, lab.send(lab.request("api/runs").header("Cookie", cookie)));
    json(401, lab.send(lab.request("api/runs").header("Cookie", cookie + "x")));
    HttpResponse<String> logout =
        lab.send(
            lab.request("api/logout")
                .header("Cookie", cookie)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.noBody()));
    assertThat(logout.statusCode()).isEqualTo(204);
    json(401, lab.send(lab.request("api/runs").header("Cookie", cookie)));
    assertThat(
            lab.send(
                    lab.request("api/login")
                        .header("Content-Type", "application/json")
                        .header("X-Forwarded-Proto", "https")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"token\":\"" + TOKEN + "\"}")))
                .headers()
                .firstValue("set-cookie")
                .orElseThrow())
        .contains("Secure");
  }

  @Test
  void whoTriesManyTokensHasToWait() throws IOException {
    startWithToken();
    for (int i = 0; i < FailedAttempts.MOST; i++) {
      json(401, lab.post("api/login", "{\"token\":\"wrong-" + i + "\"}"));
    }
    HttpResponse<String> refused = lab.post("api/login", "{\"token\":\"" + TOKEN + "\"}");
    json(429, refused);
    assertThat(refused.headers().firstValue("retry-after")).hasValue("60");
    assertThat(lab.messages).noneMatch(message -> message.contains(TOKEN));
  }
}
