package dev.polyphase.orchestrator.cli;

/**
 * One thing that {@code doctor} looked at.
 *
 * @param name what it is
 * @param status how it is
 * @param found what was found
 * @param remedy what to do; empty where nothing is to be done
 */
record Check(String name, Status status, String found, String remedy) {

  /** How a thing is. */
  enum Status {
    OK,
    /** It works, but not as well as it could. */
    WARN,
    /** It does not work. */
    FAIL
  }

  static Check ok(String name, String found) {
    return new Check(name, Status.OK, found, "");
  }

  static Check warn(String name, String found, String remedy) {
    return new Check(name, Status.WARN, found, remedy);
  }

  static Check fail(String name, String found, String remedy) {
    return new Check(name, Status.FAIL, found, remedy);
  }
}
