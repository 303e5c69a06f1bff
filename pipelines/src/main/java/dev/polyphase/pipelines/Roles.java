package dev.polyphase.pipelines;

import java.util.List;

/**
 * Names that the speakers of conversations have beside the common ones.
 *
 * @param system of who sets the scene
 * @param user of who asks
 * @param assistant of the model
 * @param tool of what answers calls
 */
public record Roles(
    @Key(means = "of who sets the scene", items = 0, spelledOut = false) List<String> system,
    @Key(means = "of who asks", items = 0, spelledOut = false) List<String> user,
    @Key(means = "of the model", items = 0, spelledOut = false) List<String> assistant,
    @Key(means = "of what answers calls", items = 0, spelledOut = false) List<String> tool) {

  /** No further names. */
  public static final Roles AS_USUAL = new Roles(List.of(), List.of(), List.of(), List.of());

  public Roles {
    system = List.copyOf(system);
    user = List.copyOf(user);
    assistant = List.copyOf(assistant);
    tool = List.copyOf(tool);
  }
}
