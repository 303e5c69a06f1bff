/** Checkpoints at rest: safetensors files and folders in Hugging Face layout. */
@NullMarked
package dev.polyphase.weights;

import org.jspecify.annotations.NullMarked;
