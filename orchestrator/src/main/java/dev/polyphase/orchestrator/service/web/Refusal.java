package dev.polyphase.orchestrator.service.web;

import dev.polyphase.pipelines.problems.Problem;
import java.util.List;

/** A request that is not done, with the status and the sentences that are answered. */
final class Refusal extends RuntimeException {
  static final int BAD_REQUEST = 400;
  static final int NOT_LOGGED_IN = 401;
  static final int FORBIDDEN = 403;
  static final int NOT_FOUND = 404;
  static final int CONFLICT = 409;
  static final int TOO_LARGE = 413;
  static final int WRONG_TYPE = 415;
  static final int WRONG_INPUT = 422;
  static final int TOO_MANY = 429;
  static final int FAILED = 500;
  static final int BUSY = 503;

  private final int status;
  private final transient List<Problem> problems;

  /** With problems that have places. */
  Refusal(int status, List<Problem> problems) {
    super(problems.toString());
    this.status = status;
    this.problems = List.copyOf(problems);
  }

  /** With one sentence. */
  Refusal(int status, String sentence) {
    this(status, List.of(new Problem(null, sentence)));
  }

  int status() {
    return status;
  }

  List<Problem> problems() {
    return problems;
  }
}
