/**
 * Appending to topics, as a Lua script.
 *
 * @module
 */

import { type Script, scriptOf } from "./script.ts";
import { topicScript } from "./topic_script.ts";

/**
 * Appends publications and announces them, all or none.
 *
 * A script that Redis runs after the deadline does nothing: its caller already has an answer, and may have
 * published something newer since.
 *
 * Arguments: the deadline in milliseconds of Redis's clock, the command that announces, number of the
 * database, history size, time to live of the log in milliseconds, time to live of an unused topic in
 * milliseconds, an epoch for new topics, the ingest stream or nothing, the prefix of a partition if there
 * are no publications. Then for each publication: the prefix of its partition, topic, key as JSON or
 * nothing, payload as JSON or nothing for a removal, id of the ingest stream's entry or nothing, the
 * publisher's id or nothing.
 *
 * Entries of an ingest stream come in their order. An entry that is not newer than the last one of its
 * partition was already published by another instance, and is skipped. The name of an ingest stream
 * contains the time when its group was created, so that a stream that was deleted and created again has
 * another name.
 *
 * Answers with two flat lists: epoch and offset of each publication, with an empty epoch if it was
 * skipped; and each partition with the size of all its topics.
 */
export const APPEND: Script = scriptOf(`${topicScript}
local deadline, command, database = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local size, ttl, unusedTtl = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local fresh, stream, probed = ARGV[7], ARGV[8], ARGV[9]
if now > deadline then return redis.error_reply('EXPIRED the publisher was answered already') end
local positions, totals, topics, order, ingested, touched = {}, {}, {}, {}, {}, {}

local function isOld(at) return tonumber(at) / 1000 < now - ttl end

-- Returns the fields of a topic. They are read once per call.
local function open(prefix, name)
  local topic = topics[name]
  if topic then return topic end
  local epoch, offset, marked, length = find(prefix, name, fresh, true)
  local meta, log = keysOf(prefix, name)
  topic = { prefix = prefix, name = name, meta = meta, log = log, epoch = epoch, offset = offset,
    marked = marked, length = length, growth = 0, changes = {}, lines = { epoch } }
  topics[name] = topic
  order[#order + 1] = topic
  return topic
end

-- Drops what exceeds the bounds of the log, up to 100 entries at a time. Notes the newest removal that is
-- dropped, because readers at an earlier offset can no longer learn of it.
local function trim(topic)
  while topic.length > 0 do
    local count = math.min(math.max(topic.length - size, 0) + 1, 100)
    local entries, ids = redis.call('XRANGE', topic.log, '-', '+', 'COUNT', count), {}
    for _, entry in ipairs(entries) do
      local id, fields = entry[1], entry[2]
      if topic.length <= size and not isOld(fields[2]) then break end
      ids[#ids + 1] = id
      if fields[6] == '' then topic.changes.removed = string.match(id, '%d+') end
      topic.growth = topic.growth - #fields[4] - #fields[6]
      topic.length = topic.length - 1
    end
    if #ids == 0 then return end
    redis.call('XDEL', topic.log, unpack(ids))
    if #ids < #entries then return end
  end
end

-- Sets the latest of a key, or removes the key, in the changed fields that are written together later.
local function replace(topic, key, data)
  local former = topic.changes[key]
  if former == nil then former = redis.call('HGET', topic.meta, key) end
  if former then topic.growth = topic.growth - #key - #former end
  if data == '' then
    topic.changes[key] = false
    return
  end
  local value = topic.offset .. '\\n' .. at .. '\\n' .. data
  topic.changes[key] = value
  topic.growth = topic.growth + #key + #value
end

-- Writes the fields that have changed, up to 500 at a time.
local function write(topic)
  local set, gone = {}, {}
  for field, value in pairs(topic.changes) do
    if value == false then gone[#gone + 1] = field else
      set[#set + 1] = field
      set[#set + 1] = value
    end
  end
  for i = 1, #set, 1000 do
    redis.call('HSET', topic.meta, unpack(set, i, math.min(i + 999, #set)))
  end
  for i = 1, #gone, 1000 do
    redis.call('HDEL', topic.meta, unpack(gone, i, math.min(i + 999, #gone)))
  end
end

local function append(topic, key, data)
  topic.offset = topic.offset + 1
  redis.call('XADD', topic.log, topic.offset .. '-0', 'a', at, 'k', key, 'd', data)
  topic.length = topic.length + 1
  topic.growth = topic.growth + #key + #data
  if key ~= '' then replace(topic, key, data) end
  local lines = topic.lines
  local last = #lines
  lines[last + 1], lines[last + 2], lines[last + 3], lines[last + 4] = topic.offset, at, key, data
  return topic.epoch, topic.offset
end

-- Appends a publication, unless one with the same id was appended before.
local function appendOnce(prefix, name, key, data, id)
  if id == '' then return append(open(prefix, name), key, data) end
  local known = prefix .. 'id:' .. name .. '\\n' .. id
  local first = redis.call('GET', known)
  if first then return string.match(first, '^(.*)\\n(%d+)$') end
  local epoch, offset = append(open(prefix, name), key, data)
  redis.call('SET', known, epoch .. '\\n' .. offset, 'PX', ttl)
  return epoch, offset
end

local function isAfter(id, other)
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  local otherMs, otherSequence = string.match(other, '(%d+)-(%d+)')
  if ms ~= otherMs then return tonumber(ms) > tonumber(otherMs) end
  return tonumber(sequence) > tonumber(otherSequence)
end

-- Returns whether an entry of the ingest stream was not published yet, and notes it as published.
local function isNew(prefix, entry)
  local last = ingested[prefix] or redis.call('HGET', prefix .. 'ingested', stream) or '0-0'
  local new = isAfter(entry, last)
  ingested[prefix] = new and entry or last
  return new
end

-- A call without publications is refused whenever one with publications would be.
if probed ~= '' then
  redis.call('HINCRBY', probed .. 'sizes', '', 0)
  redis.call('PEXPIRE', probed .. 'sizes', 4 * unusedTtl)
end

for i = 10, #ARGV, 6 do
  local prefix, entry, epoch, offset = ARGV[i], ARGV[i + 4], '', 0
  if entry == '' or isNew(prefix, entry) then
    epoch, offset = appendOnce(prefix, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 5])
  end
  positions[#positions + 1] = epoch
  positions[#positions + 1] = offset
end
for _, topic in ipairs(order) do
  local prefix = topic.prefix
  -- Times to live are set again before an eighth of them has passed.
  local isDue = now - topic.marked > unusedTtl / 4
  topic.changes.offset = topic.offset
  if isDue then topic.changes.marked = now end
  trim(topic)
  write(topic)
  touched[prefix] = (touched[prefix] or 0) + topic.growth
  redis.call('HINCRBY', prefix .. 'sizes', topic.name, topic.growth)
  redis.call('ZADD', prefix .. 'used', usedNow, topic.name)
  if isDue then keep(prefix, topic.name, unusedTtl) end
  announce(command, prefix, database, topic.name, topic.lines)
end
for prefix, last in pairs(ingested) do
  redis.call('HSET', prefix .. 'ingested', stream, last)
  redis.call('PEXPIRE', prefix .. 'ingested', math.max(4 * unusedTtl, 86400000))
end

local unusedSince = now - unusedTtl - 1
for prefix, change in pairs(touched) do
  local used, sizes = prefix .. 'used', prefix .. 'sizes'
  local total = redis.call('HINCRBY', sizes, '', change)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', used, '-inf', unusedSince, 'LIMIT', 0, 10)) do
    if not forget(prefix, name) then break end
  end
  totals[#totals + 1] = prefix
  totals[#totals + 1] = total
end
return { positions, totals }
`);
