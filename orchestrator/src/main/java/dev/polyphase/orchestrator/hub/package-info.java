/**
 * Models and data sets by their ids.
 *
 * <p>{@link dev.polyphase.orchestrator.hub.ModelFolders} is what the others ask; {@link
 * dev.polyphase.orchestrator.hub.Hub} looks into the cache and, where something is missing, has it
 * downloaded: {@code HubServer} speaks with the hub, {@code BlobDownload} brings one file, {@code
 * WantedFiles} says which.
 */
@NullMarked
package dev.polyphase.orchestrator.hub;

import org.jspecify.annotations.NullMarked;
