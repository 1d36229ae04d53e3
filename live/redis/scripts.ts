/**
 * What happens to a topic in Redis, as scripts: each runs there as one step, so that whatever
 * breaks in between, an offset, its place in the history and its announcement go together.
 *
 * A topic `event:42` is
 * - `live:topic:event:42`, a hash of its epoch, the offset of its newest publication, and the offset of
 *   the newest removal that the log no longer holds,
 * - `live:log:event:42`, a stream of its last publications, each under its offset,
 * - `live:latest:event:42`, a hash of the latest publication of each key, as lines: the state,
 * - `live:0:event:42`, in database 0, the channel on which it is announced what is new, as lines.
 *
 * Over all topics, `live:used` sorts them by when they were used, and `live:sizes` holds what each
 * of them and (under the empty name) all together hold. The scripts reach keys of topics that they
 * find there, so a Redis Cluster cannot run them; one Redis with replicas can.
 *
 * Lines: data is JSON without a line break, and so is a key, so nothing has to be escaped.
 *
 * @module
 */

/** What both scripts know of topics. */
const common = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', time[1] * 1000000 + time[2])
local PREFIX, USED, SIZES = 'live:', 'live:used', 'live:sizes'

local function keysOf(topic)
  return PREFIX .. 'topic:' .. topic, PREFIX .. 'log:' .. topic, PREFIX .. 'latest:' .. topic
end

local function announce(database, topic, lines)
  redis.call('PUBLISH', PREFIX .. database .. ':' .. topic, table.concat(lines, '\\n'))
end

local function resize(topic, change)
  redis.call('HINCRBY', SIZES, topic, change)
  redis.call('HINCRBY', SIZES, '', change)
end

local function forget(topic)
  redis.call('DEL', keysOf(topic))
  local size = redis.call('HGET', SIZES, topic)
  if size then
    resize(topic, -size)
    redis.call('HDEL', SIZES, topic)
  end
  redis.call('ZREM', USED, topic)
end

-- Returns the topic's epoch; begins it anew if Redis knows nothing of it.
local function epochOf(topic, fresh)
  local meta = keysOf(topic)
  local epoch = redis.call('HGET', meta, 'epoch')
  if epoch then return epoch end
  forget(topic)
  redis.call('HSET', meta, 'epoch', fresh, 'offset', 0)
  return fresh
end

-- Topics that nobody uses are forgotten by the next publication; the time to live of the keys is
-- for a Redis that no publication reaches any more.
local function use(topic, ttl)
  redis.call('ZADD', USED, now, topic)
  for _, key in ipairs({ keysOf(topic) }) do redis.call('PEXPIRE', key, 2 * ttl) end
  redis.call('PEXPIRE', USED, 4 * ttl)
  redis.call('PEXPIRE', SIZES, 4 * ttl)
end
`;

/**
 * Appends publications, all or none.
 *
 * Arguments: number of the database, history size, its time to live in milliseconds, what all topics
 * may hold in bytes, an epoch for topics that begin, the ingest stream or nothing, its group; then for
 * each publication topic, key as JSON or nothing, data as JSON or nothing for a removal, id of the entry
 * of the ingest stream.
 *
 * An entry that is no longer pending was published by another instance, and is left out.
 *
 * Answers with epoch and offset of each, flat; an empty epoch for one that was left out.
 */
export const APPEND = `${common}
local size, ttl, most, fresh = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local stream, group = ARGV[6], ARGV[7]
local positions, lines, order = {}, {}, {}

-- Out of memory Redis refuses this, but nothing that follows a deletion or an acknowledgement.
redis.call('HINCRBY', SIZES, '', 0)

local function isOld(at) return tonumber(at) / 1000 < now - ttl end

-- Drops what is past the bounds of the log; returns how much that was. Notes the newest removal that
-- is dropped: a reader that stands before it cannot learn of it any more.
local function trim(meta, log)
  local freed, length = 0, redis.call('XLEN', log)
  while length > 0 do
    local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    local id, fields = first[1], first[2]
    if length <= size and not isOld(fields[2]) then break end
    redis.call('XDEL', log, id)
    if fields[6] == '' then redis.call('HSET', meta, 'removed', string.match(id, '%d+')) end
    freed, length = freed + #fields[4] + #fields[6], length - 1
  end
  return freed
end

local function sizeOf(latest, key)
  local value = redis.call('HGET', latest, key)
  return value and #key + #value or 0
end

-- Sets the latest of a key, or takes the key out; returns how much more is held.
local function replace(latest, key, value)
  local before = sizeOf(latest, key)
  if value == '' then
    redis.call('HDEL', latest, key)
    return -before
  end
  redis.call('HSET', latest, key, value)
  return #key + #value - before
end

local function append(topic, key, data)
  local epoch = epochOf(topic, fresh)
  local meta, log, latest = keysOf(topic)
  local offset = redis.call('HINCRBY', meta, 'offset', 1)
  redis.call('XADD', log, offset .. '-0', 'a', at, 'k', key, 'd', data)
  local change = #key + #data - trim(meta, log)
  if key ~= '' then
    local value = data ~= '' and offset .. '\\n' .. at .. '\\n' .. data or ''
    change = change + replace(latest, key, value)
  end
  resize(topic, change)
  if not lines[topic] then
    lines[topic] = { epoch }
    order[#order + 1] = topic
  end
  for _, line in ipairs({ offset, at, key, data }) do table.insert(lines[topic], line) end
  return epoch, offset
end

for i = 8, #ARGV, 4 do
  local epoch, offset = '', 0
  if stream == '' or redis.call('XACK', stream, group, ARGV[i + 3]) == 1 then
    epoch, offset = append(ARGV[i], ARGV[i + 1], ARGV[i + 2])
  end
  positions[#positions + 1] = epoch
  positions[#positions + 1] = offset
end
for _, topic in ipairs(order) do
  use(topic, ttl)
  announce(ARGV[1], topic, lines[topic])
end

for _, topic in ipairs(redis.call('ZRANGEBYSCORE', USED, '-inf', now - ttl - 1, 'LIMIT', 0, 10)) do
  forget(topic)
end
while tonumber(redis.call('HGET', SIZES, '') or 0) > most do
  local oldest = redis.call('ZRANGE', USED, 0, 0)[1]
  if not oldest or lines[oldest] then break end
  forget(oldest)
end
return positions
`;

/**
 * Reads a topic's log from where a reader stands, and marks the topic as used.
 *
 * Arguments: number of the database, time to live in milliseconds, an epoch in case one begins, topic;
 * then where the reader stands: epoch, offset, and the time of the publication at that offset.
 *
 * A Redis that was restored from an older copy has offsets below the reader's, or another
 * publication under the reader's offset. Then the epoch ends: its offsets have two meanings.
 *
 * Answers with epoch, offset of the newest publication, the time, the publications after the
 * reader's offset, and, unless those are all that it lacks, all that are held and the latest of
 * each key; and the offset of the newest removal that the log no longer holds.
 */
export const READ = `${common}
local ttl, fresh, topic = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local known = { epoch = ARGV[5], offset = tonumber(ARGV[6]), at = ARGV[7] }
local meta, log, latest = keysOf(topic)
local epoch = epochOf(topic, fresh)
local offset = tonumber(redis.call('HGET', meta, 'offset'))
local removed = redis.call('HGET', meta, 'removed') or '0'

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
  announce(ARGV[1], topic, { epoch })
end
use(topic, ttl)
if known.epoch == epoch then
  local missed = redis.call('XRANGE', log, (known.offset + 1) .. '-0', '+')
  if #missed == offset - known.offset then return { epoch, offset, at, missed, {}, removed } end
end
return {
  epoch, offset, at, redis.call('XRANGE', log, '-', '+'), redis.call('HGETALL', latest), removed,
}
`;
