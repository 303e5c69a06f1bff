package dev.polyphase.jinja;

/** What goes wrong while a template is rendered; {@link Template} adds the place. */
final class Fault extends RuntimeException {

  Fault(String sentence) {
    super(sentence, null, false, false);
  }
}
