/** The service: queue, schedules, watched runs and the web server, put together. */
@NullMarked
package dev.polyphase.orchestrator.service;

import org.jspecify.annotations.NullMarked;
