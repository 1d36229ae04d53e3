/**
 * What happens to a topic in Redis, as Lua scripts. Each script runs as one step, so an offset, its
 * entry in the log and its announcement can never part, whatever breaks in between.
 *
 * A topic `event:42` is
 * - `live:topic:event:42`, a hash: the log's `epoch`, the `offset` of its newest publication, in
 *   `removed` the offset of the newest removal that the log no longer holds; and the topic's state,
 *   which is the latest publication of each key under the key as JSON, as lines,
 * - `live:log:event:42`, a stream of its last publications, each under its offset,
 * - `live:0:event:42`, in database 0, the channel on which publications are announced, as lines.
 *
 * A publication that its publisher named `n` is noted in `live:id:event:42\nn`, with the position that
 * it got, for as long as the history lasts.
 *
 * Over all topics, `live:used` sorts them by their last use, and `live:sizes` holds the size of each
 * of them and, under the empty name, of all together. The scripts reach keys of topics that they
 * find there, so a Redis Cluster cannot run them; one Redis with replicas can.
 *
 * Lines need no escapes: payloads and keys are JSON without line breaks. The empty payload, which is
 * no JSON, is a removal.
 *
 * @module
 */

/** What both scripts know of topics. */
const common = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', time[1] * 1000000 + time[2])
local PREFIX, USED, SIZES = 'live:', 'live:used', 'live:sizes'

local function keysOf(topic) return PREFIX .. 'topic:' .. topic, PREFIX .. 'log:' .. topic end

local function announce(database, topic, lines)
  redis.call('PUBLISH', PREFIX .. database .. ':' .. topic, table.concat(lines, '\\n'))
end

local function resize(topic, change)
  redis.call('HINCRBY', SIZES, topic, change)
  redis.call('HINCRBY', SIZES, '', change)
end

local function forget(topic)
  redis.call('UNLINK', keysOf(topic))
  local size = redis.call('HGET', SIZES, topic)
  if size then
    resize(topic, -size)
    redis.call('HDEL', SIZES, topic)
  end
  redis.call('ZREM', USED, topic)
end

-- Returns the topic's epoch and newest offset. A topic that Redis does not have begins a new life; so
-- does one whose log was evicted, as the log may have held removals.
local function find(topic, fresh)
  local meta, log = keysOf(topic)
  local epoch, offset = unpack(redis.call('HMGET', meta, 'epoch', 'offset'))
  if epoch and (offset == '0' or redis.call('EXISTS', log) == 1) then
    return epoch, tonumber(offset)
  end
  forget(topic)
  redis.call('HSET', meta, 'epoch', fresh, 'offset', 0, 'removed', 0)
  return fresh, 0
end

-- Marks a topic as used. Publications forget topics that were not used for long enough; keys expire
-- in case that nothing is published any more. Redis must not refuse a read when it is out of memory,
-- so that error is ignored.
local function use(topic, unusedTtl)
  redis.pcall('ZADD', USED, now, topic)
  for _, key in ipairs({ keysOf(topic) }) do redis.call('PEXPIRE', key, 2 * unusedTtl) end
  redis.call('PEXPIRE', USED, 4 * unusedTtl)
  redis.call('PEXPIRE', SIZES, 4 * unusedTtl)
end
`;

/**
 * Appends publications and announces them, all or none.
 *
 * A script that Redis runs after the deadline does nothing: its caller was answered, and may have
 * published something newer.
 *
 * Arguments: the deadline in milliseconds of Redis's clock, number of the database, history size, time to live of the log in milliseconds, that of an
 * unused topic, what all topics may hold in bytes, an epoch for topics that begin, the ingest stream
 * or nothing, its group; then for each publication topic, key as JSON or nothing, payload as JSON or
 * nothing for a removal, id of the ingest stream's entry or nothing, the publisher's id or nothing.
 *
 * An entry that is no longer pending was published by another instance, and is left out.
 *
 * Answers with epoch and offset of each, flat; an empty epoch for one that was left out.
 */
export const APPEND = `${common}
local deadline, database, size = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local ttl, unusedTtl, maxBytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local fresh, stream, group = ARGV[7], ARGV[8], ARGV[9]
if now > deadline then return redis.error_reply('EXPIRED the publisher was answered already') end
local positions, lines, order = {}, {}, {}

-- Without memory Redis refuses this first write. It would not refuse writes that follow a deletion or
-- an acknowledgement, and half of the batch would be published.
redis.call('HINCRBY', SIZES, '', 0)

local function isOld(at) return tonumber(at) / 1000 < now - ttl end

-- Drops what exceeds the bounds of the log, and returns the size of that. Notes a removal that is
-- dropped: readers that stand before it can no longer learn of it.
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

-- Sets the latest of a key, or removes the key; returns by how much the state grew.
local function replace(meta, key, offset, data)
  local former = redis.call('HGET', meta, key)
  local freed = former and #key + #former or 0
  if data == '' then
    redis.call('HDEL', meta, key)
    return -freed
  end
  local value = offset .. '\\n' .. at .. '\\n' .. data
  redis.call('HSET', meta, key, value)
  return #key + #value - freed
end

local function append(topic, key, data)
  local epoch, last = find(topic, fresh)
  local meta, log = keysOf(topic)
  local offset = last + 1
  redis.call('HSET', meta, 'offset', offset)
  redis.call('XADD', log, offset .. '-0', 'a', at, 'k', key, 'd', data)
  local change = #key + #data - trim(meta, log)
  if key ~= '' then change = change + replace(meta, key, offset, data) end
  resize(topic, change)
  if not lines[topic] then
    lines[topic] = { epoch }
    order[#order + 1] = topic
  end
  for _, line in ipairs({ offset, at, key, data }) do table.insert(lines[topic], line) end
  return epoch, offset
end

-- Appends a publication, unless one of its id was appended before.
local function appendOnce(topic, key, data, id)
  if id == '' then return append(topic, key, data) end
  local known = PREFIX .. 'id:' .. topic .. '\\n' .. id
  local first = redis.call('GET', known)
  if first then return string.match(first, '^(.*)\\n(%d+)$') end
  local epoch, offset = append(topic, key, data)
  redis.call('SET', known, epoch .. '\\n' .. offset, 'PX', ttl)
  return epoch, offset
end

for i = 10, #ARGV, 5 do
  local epoch, offset = '', 0
  if stream == '' or redis.call('XACK', stream, group, ARGV[i + 3]) == 1 then
    epoch, offset = appendOnce(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 4])
  end
  positions[#positions + 1] = epoch
  positions[#positions + 1] = offset
end
for _, topic in ipairs(order) do
  use(topic, unusedTtl)
  announce(database, topic, lines[topic])
end

local unusedSince = now - unusedTtl - 1
for _, topic in ipairs(redis.call('ZRANGEBYSCORE', USED, '-inf', unusedSince, 'LIMIT', 0, 10)) do
  forget(topic)
end
while tonumber(redis.call('HGET', SIZES, '') or 0) > maxBytes do
  local oldest = redis.call('ZRANGE', USED, 0, 0)[1]
  if not oldest or lines[oldest] then break end
  forget(oldest)
end
return positions
`;

/**
 * Reads a topic's log from a reader's position, and marks the topic as used.
 *
 * Arguments: number of the database, time to live of an unused topic in milliseconds, an epoch in case
 * one begins, topic; then the reader's position: epoch, offset, time of the publication at that offset.
 *
 * A Redis that was restored from an older copy has offsets below the reader's, or another
 * publication at the reader's offset. Then the epoch ends, as its offsets have two meanings.
 *
 * Answers with epoch, offset of the newest publication, the time, the publications after the reader's
 * offset, and nothing; or, if some of those are no longer held, all that are held and the topic's hash.
 */
export const READ = `${common}
local unusedTtl, fresh, topic = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local known = { epoch = ARGV[5], offset = tonumber(ARGV[6]), at = ARGV[7] }
local meta, log = keysOf(topic)
local epoch, offset = find(topic, fresh)

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
use(topic, unusedTtl)
if known.epoch == epoch then
  local missed = redis.call('XRANGE', log, (known.offset + 1) .. '-0', '+')
  if #missed == offset - known.offset then return { epoch, offset, at, missed, {} } end
end
return { epoch, offset, at, redis.call('XRANGE', log, '-', '+'), redis.call('HGETALL', meta) }
`;
