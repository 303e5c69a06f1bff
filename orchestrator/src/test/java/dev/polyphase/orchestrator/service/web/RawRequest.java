package dev.polyphase.orchestrator.service.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A connection on which a test writes what no client library would. */
final class RawRequest implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 30_000;
  private final Socket socket;
  private final InputStream in;

  RawRequest(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = socket.getInputStream();
  }

  /** Sends a head, and what follows it, and returns all that is answered until the end. */
  static String answer(int port, String head, byte[] body) throws IOException {
    try (RawRequest request = new RawRequest(port)) {
      request.send(head);
      try {
        request.write(body);
      } catch (IOException e) {
        // Refused before all of it was taken.
        return request.rest();
      }
      return request.rest();
    }
  }

  static String answer(int port, String head) throws IOException {
    return answer(port, head, new byte[0]);
  }

  void send(String head) throws IOException {
    write((head.replace("\n", "\r\n") + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  private void write(byte[] bytes) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    out.flush();
  }

  /** A line without its end; null at the end. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c == '\n') {
        return line.toString();
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return null;
  }

  /** Everything until the server ends the connection, however it does. */
  private String rest() {
    StringBuilder text = new StringBuilder();
    try {
      for (int c = in.read(); c >= 0; c = in.read()) {
        text.append((char) c);
      }
    } catch (IOException e) {
      return text.toString();
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
