package dev.polyphase.phases.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Collects a block's parameters, in the order of the forward pass. */
final class BlockTensors {
  private final String prefix;
  private final Map<String, Parameter> byRole = new LinkedHashMap<>();

  /**
   * None yet.
   *
   * @param prefix of the block's names, {@code model.layers.3.}
   */
  BlockTensors(String prefix) {
    this.prefix = prefix;
  }

  /** Adds a norm's weight. */
  void norm(String group, String module, long width, RmsNorm norm) {
    add(group, module + ".weight", norm.firstValues(), width);
  }

  /** Adds a vector that is drawn as matrices are. */
  void vector(String group, String role, long width) {
    add(group, role, Parameter.FirstValues.NORMAL, width);
  }

  /** Adds a linear layer's weight, and its bias where it has one. */
  void project(String group, String module, long outputs, long inputs, boolean bias) {
    add(group, module + ".weight", Parameter.FirstValues.NORMAL, outputs, inputs);
    if (bias) {
      add(group, module + ".bias", Parameter.FirstValues.ZEROS, outputs);
    }
  }

  /** Adds a matrix that is no linear layer's weight by its name. */
  void matrix(String group, String role, long rows, long columns) {
    add(group, role, Parameter.FirstValues.NORMAL, rows, columns);
  }

  /** Adds a bias that is no linear layer's by its name. */
  void bias(String group, String role, long width) {
    add(group, role, Parameter.FirstValues.ZEROS, width);
  }

  /** By role, which is a name without prefix and group. */
  Map<String, Parameter> byRole() {
    return Collections.unmodifiableMap(byRole);
  }

  private void add(String group, String role, Parameter.FirstValues first, long... shape) {
    byRole.put(role, Parameter.of(prefix + group + role, first, shape));
  }
}
