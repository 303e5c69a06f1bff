/**
 * How the job of an engine folder is started, watched for life and ended: by torchrun here, by
 * Slurm, or by a command of the user's. What it trains is none of its business.
 */
@NullMarked
package dev.polyphase.trl.launch;

import org.jspecify.annotations.NullMarked;
