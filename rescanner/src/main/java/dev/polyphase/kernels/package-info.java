/** TorchScript kernels written as source and run by libtorch through DJL. */
@NullMarked
package dev.polyphase.kernels;

import org.jspecify.annotations.NullMarked;
