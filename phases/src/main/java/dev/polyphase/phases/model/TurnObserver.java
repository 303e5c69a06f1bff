package dev.polyphase.phases.model;

/** Hears of the turns of steps whose passes overlap, from the threads that take them. */
interface TurnObserver {
  /** Hears nothing. */
  TurnObserver NOBODY =
      new TurnObserver() {
        @Override
        public void begins(Turn turn) {}

        @Override
        public void ends(Turn turn) {}
      };

  /** A turn begins; what is thrown here fails it. */
  void begins(Turn turn);

  /** A turn is over. */
  void ends(Turn turn);
}
