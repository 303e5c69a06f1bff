package dev.polyphase.weights;

/**
 * New values for a tensor of a checkpoint; its name and shape stay.
 *
 * @param type the type that the new elements have in the file
 * @param bytes the elements in that type
 */
public record NewTensor(ElementType type, TensorBytes bytes) {}
