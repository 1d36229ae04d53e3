/**
 * Names every JSR module the project uses, so that loading this one file tells whether JSR, or a
 * complete cache of it, is within reach. The `imports` task does that.
 *
 * A file of its own, not `main.ts`: a mistake in the project's code must not look like a registry
 * out of reach, and the modules that only tests use count as well.
 *
 * @module
 */

import "@std/assert";
import "@std/http/cookie";
import "@std/http/server-sent-event-stream";
import "@std/http/status";
import "@std/log/base-handler";
import "@std/log/console-handler";
import "@std/log/levels";
import "@std/log/logger";
import "@std/testing/time";
