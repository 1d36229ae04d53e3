/**
 * Reading a topic's log, as a Lua script.
 *
 * @module
 */

import { type Script, scriptOf } from "./script.ts";
import { topicScript } from "./topic_script.ts";

/**
 * Reads a topic's log from a reader's position, and marks the topic as used.
 *
 * Arguments: the command that announces, number of the database, time to live of an unused topic in
 * milliseconds, an epoch in case a new one begins, prefix of the topic's partition, topic; then the
 * reader's position: epoch, offset, time of the publication at that offset.
 *
 * A Redis that was restored from an older copy has offsets below the reader's, or another publication at
 * the reader's offset. Then a new epoch begins, because offsets of the old one are ambiguous.
 *
 * Answers with epoch, offset of the newest publication, the time, the publications after the reader's
 * offset, and nothing. If the log no longer holds all of those, it answers with everything that it holds
 * and the topic's hash.
 */
export const READ: Script = scriptOf(`${topicScript}
local command, database, unusedTtl, fresh = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local prefix, topic = ARGV[5], ARGV[6]
local known = { epoch = ARGV[7], offset = tonumber(ARGV[8]), at = ARGV[9] }
local meta, log = keysOf(prefix, topic)
local epoch, offset = find(prefix, topic, fresh)

local function hasForked()
  if known.epoch ~= epoch or known.offset == 0 then return false end
  if known.offset > offset then return true end
  local id = known.offset .. '-0'
  local entry = redis.call('XRANGE', log, id, id)[1]
  return entry and entry[2][2] ~= known.at
end

if hasForked() then
  epoch = fresh
  redis.call('HSET', meta, 'epoch', epoch)
  announce(command, prefix, database, topic, { epoch })
end
-- Redis must not refuse a read when it is out of memory, so that error is ignored.
redis.pcall('ZADD', prefix .. 'used', usedNow, topic)
keep(prefix, topic, unusedTtl)
if known.epoch == epoch then
  local missed = redis.call('XRANGE', log, (known.offset + 1) .. '-0', '+')
  if #missed == offset - known.offset then return { epoch, offset, at, missed, {} } end
end
return { epoch, offset, at, redis.call('XRANGE', log, '-', '+'), redis.call('HGETALL', meta) }
`);
