/**
 * Imports every module from JSR that the project uses. The task `imports` loads this file to find out
 * whether JSR, or a complete cache of it, is in reach.
 *
 * It is not `main.ts`, because a mistake in the project's code must not look like a failed download,
 * and because the modules that only tests use count as well.
 *
 * @module
 */

import "@std/assert";
import "@std/http/server-sent-event-stream";
import "@std/http/status";
import "@std/log/base-handler";
import "@std/log/console-handler";
import "@std/log/levels";
import "@std/log/logger";
import "@std/testing/time";
