/**
 * Finding and forgetting the topics that were not used for longest, as Lua scripts.
 *
 * @module
 */

import { type Script, scriptOf } from "./script.ts";
import { topicScript } from "./topic_script.ts";

/** What a partition holds, and which of its topics was not used for longest. */
const describe = `
local function describe(prefix)
  local oldest = redis.call('ZRANGE', prefix .. 'used', 0, 0, 'WITHSCORES')
  local total = tonumber(redis.call('HGET', prefix .. 'sizes', '') or 0)
  return { prefix, total, oldest[1] or '', oldest[2] or '' }
end
`;

/**
 * Describes partitions. Arguments: what the keys of each begin with. Answers with a list for each of them: what
 * its keys begin with, the size of all its topics, the topic that was not used for longest, and when that was.
 */
export const DESCRIBE: Script = scriptOf(`${describe}
local found = {}
for i, prefix in ipairs(ARGV) do found[i] = describe(prefix) end
return found
`);

/**
 * Forgets a topic, unless it was used meanwhile. Arguments: what the keys of its partition begin with, topic,
 * when it was used. Answers as the other script does, for this partition.
 */
export const FORGET: Script = scriptOf(`${topicScript}${describe}
local prefix, topic, score = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZSCORE', prefix .. 'used', topic) == score then forget(prefix, topic) end
return { describe(prefix) }
`);
