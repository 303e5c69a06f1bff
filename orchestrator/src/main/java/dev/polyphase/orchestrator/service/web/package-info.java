/** The service over HTTP: access, REST, server-sent events and the page. */
@NullMarked
package dev.polyphase.orchestrator.service.web;

import org.jspecify.annotations.NullMarked;
