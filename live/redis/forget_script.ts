/**
 * Finding and forgetting the least recently used topics, as Lua scripts.
 *
 * @module
 */

import { type Script, scriptOf } from "./script.ts";
import { topicScript } from "./topic_script.ts";

/** What a partition holds, and its least recently used topic. */
const describe = `
local function describe(prefix)
  local oldest = redis.call('ZRANGE', prefix .. 'used', 0, 0, 'WITHSCORES')
  local total = tonumber(redis.call('HGET', prefix .. 'sizes', '') or 0)
  return { prefix, total, oldest[1] or '', oldest[2] or '' }
end
`;

/**
 * Describes partitions. Arguments: the key prefix of each. Answers with a list for each of them: its key
 * prefix, the size of all its topics, its least recently used topic, and when that was used.
 */
export const DESCRIBE: Script = scriptOf(`${describe}
local found = {}
for i, prefix in ipairs(ARGV) do found[i] = describe(prefix) end
return found
`);

/**
 * Forgets a topic, unless it was used meanwhile. Arguments: the key prefix of its partition, the topic,
 * when it was used according to the caller. Answers for this partition as the script above does.
 */
export const FORGET: Script = scriptOf(`${topicScript}${describe}
local prefix, topic, score = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZSCORE', prefix .. 'used', topic) == score then forget(prefix, topic) end
return { describe(prefix) }
`);
