package dev.polyphase.kernels;

import dev.polyphase.weights.ElementType;

/** The numbers of types of elements in kernels: c10's ScalarType. */
final class ScalarType {
  private ScalarType() {}

  static long code(ElementType type) {
    return switch (type) {
      case U8 -> 0;
      case I8 -> 1;
      case I16 -> 2;
      case I32 -> 3;
      case I64 -> 4;
      case F16 -> 5;
      case F32 -> 6;
      case F64 -> 7;
      case BOOL -> 11;
      case BF16 -> 15;
      case F8_E5M2 -> 23;
      case F8_E4M3 -> 24;
      case U16 -> 27;
      case U32 -> 28;
      case U64 -> 29;
    };
  }

  /**
   * The type of a number.
   *
   * @throws IllegalArgumentException where files have no name for it, as for complex numbers
   */
  static ElementType of(long code) {
    for (ElementType type : ElementType.values()) {
      if (code(type) == code) {
        return type;
      }
    }
    throw new IllegalArgumentException("arrays of type " + code + " can't be written to a file");
  }
}
