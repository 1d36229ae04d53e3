/**
 * The functions that the Lua scripts share. Redis runs each script as one step, so an offset, its entry in
 * the log and its announcement always appear together, whatever breaks.
 *
 * Topics are spread over partitions. The keys of a partition share a hash tag, so that a script for one
 * partition can run on a Redis Cluster. In partition 15, a topic `event:42` consists of
 * - `live:{p15}:topic:event:42`, a hash: the log's `epoch`, the `offset` of its newest publication, in
 *   `removed` the offset of the newest removal that the log no longer holds, in `marked` when the keys' times
 *   to live were set last; and the topic's state, which is the latest publication of each key under the
 *   key as JSON, as lines,
 * - `live:{p15}:log:event:42`, a stream of its last publications, each under its offset,
 * - `live:{p15}:0:event:42`, in database 0, the channel on which publications are announced, as lines.
 *
 * If a publisher gave a publication the id `n`, then `live:{p15}:id:event:42\nn` holds the position that
 * it got, for as long as the history lasts.
 *
 * Over all topics of a partition, `live:{p15}:used` sorts them by their last use, and `live:{p15}:sizes`
 * holds the size of each of them and, under the empty name, of all together. `live:{p15}:ingested` holds
 * the last entry of each ingest stream that was published here.
 *
 * Lines need no escapes: payloads and keys are JSON without line breaks. The empty payload, which is
 * no JSON, is a removal.
 *
 * @module
 */

/** Lua functions about topics. A `prefix` is the key prefix of the topic's partition. */
export const topicScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- With microseconds, so that topics used in one millisecond keep their order.
local usedNow = time[1] * 1000 + time[2] / 1000
local at = string.format('%.0f', time[1] * 1000000 + time[2])

local function keysOf(prefix, topic) return prefix .. 'topic:' .. topic, prefix .. 'log:' .. topic end

-- PUBLISH, or SPUBLISH on a cluster.
local function announce(command, prefix, database, topic, lines)
  redis.call(command, prefix .. database .. ':' .. topic, table.concat(lines, '\\n'))
end

-- Deletes a topic. While a cluster moves the partition, its keys may be on two nodes, and Redis refuses to
-- delete them. Then it returns false, and the topic stays for now.
local function forget(prefix, topic)
  local reply = redis.pcall('UNLINK', keysOf(prefix, topic))
  if type(reply) == 'table' then return false end
  local sizes = prefix .. 'sizes'
  local size = redis.call('HGET', sizes, topic)
  if size then
    redis.call('HINCRBY', sizes, '', -size)
    redis.call('HDEL', sizes, topic)
  end
  redis.call('ZREM', prefix .. 'used', topic)
  return true
end

-- Returns the topic's epoch, its newest offset, when its times to live were set, and the length of its log.
-- A topic that Redis does not have begins a new life. So does a topic whose log was evicted, because the
-- log may have held removals.
local function find(prefix, topic, fresh, appends)
  local meta, log = keysOf(prefix, topic)
  local epoch, offset, marked = unpack(redis.call('HMGET', meta, 'epoch', 'offset', 'marked'))
  local length = epoch and redis.call('XLEN', log) or 0
  if epoch and (length > 0 or offset == '0' or redis.call('EXISTS', log) == 1) then
    return epoch, tonumber(offset), tonumber(marked or 0), length
  end
  -- If it has no memory left, Redis refuses this first write. It would not refuse writes after a deletion,
  -- so a part of a batch would be published.
  if appends then redis.call('HINCRBY', prefix .. 'sizes', '', 0) end
  forget(prefix, topic)
  redis.call('HSET', meta, 'epoch', fresh, 'offset', 0, 'removed', 0)
  return fresh, 0, 0, 0
end

-- Sets the times to live of the keys of a topic and of its partition, in case nothing is published any more.
local function keep(prefix, topic, unusedTtl)
  for _, key in ipairs({ keysOf(prefix, topic) }) do redis.call('PEXPIRE', key, 2 * unusedTtl) end
  redis.call('PEXPIRE', prefix .. 'used', 4 * unusedTtl)
  redis.call('PEXPIRE', prefix .. 'sizes', 4 * unusedTtl)
end
`;
