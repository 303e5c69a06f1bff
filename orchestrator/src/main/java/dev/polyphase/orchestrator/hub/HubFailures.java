package dev.polyphase.orchestrator.hub;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;

/**
 * What people are told where the hub refuses what they asked for.
 *
 * @param elsewhere what else an id might have been, as {@code the folder runs/a}
 */
record HubFailures(HubSettings settings, String elsewhere) {

  /**
   * A refusal.
   *
   * @param status the answer's, from 400 on
   * @param code its header {@code X-Error-Code}, or an empty text
   * @param of the file or revision that was asked for
   */
  RuntimeException of(int status, String code, Repository repository, String of) {
    String what = repository.words();
    String host = settings.host();
    if (code.equals("GatedRepo") || (status == 403 && code.isEmpty())) {
      return new InputException(
          "the %s is gated: accept its licence at %s%s, and %s"
              .formatted(
                  what,
                  settings.endpoint(),
                  repository.page(),
                  settings
                      .token()
                      .map(
                          token ->
                              "see that the token in "
                                  + token.from()
                                  + " is of that account and may read it")
                      .orElse("set HF_TOKEN to a token of that account")));
    }
    if (status == 404 && code.equals("RevisionNotFound")) {
      return new InputException(
          "the %s has no revision %s at %s; name a commit, branch or tag of it"
              .formatted(what, of, host));
    }
    if (status == 404 && code.equals("EntryNotFound")) {
      return new OperationFailedException(
          "%s lists the file %s of the %s and does not have it; try again later, or name another revision"
              .formatted(host, of, what));
    }
    if (status == 401) {
      // The hub does not tell strangers what there is.
      return new InputException(
          "%s is neither %s nor a %s that %s shows %s"
              .formatted(
                  repository.id(),
                  elsewhere,
                  repository.noun(),
                  host,
                  settings
                      .token()
                      .map(
                          token ->
                              "to who has the token in %s; check the name and the token, which %s/settings/tokens makes"
                                  .formatted(token.from(), settings.endpoint()))
                      .orElse(
                          "without a token; check the name, or set HF_TOKEN where it is private or gated")));
    }
    if (status == 403) {
      return new InputException(
          "%s does not give away the %s (403); check that the token may read it"
              .formatted(host, what));
    }
    if (status == 404) {
      return new InputException(
          "%s is neither %s nor a %s at %s; check the name"
              .formatted(repository.id(), elsewhere, repository.noun(), host));
    }
    return new OperationFailedException(
        "%s refuses what it is asked for of the %s (%d); check HF_ENDPOINT"
            .formatted(host, what, status));
  }
}
