-- Applies one record of `articles` if its (version, revision) is greater than what is held. Repeating it changes nothing.
-- KEYS: 1 article, 2 meta, 3 latest, 4 the article stream, 5 loaded, 6 url of this id, 7… url of aliases, last the position.
-- ARGV: 1 expected, 2 next, 3 prefix, 4 id, 5 version, 6 revision, 7 "removed" or "", 8 json, 9 time (score of the indexes),
--       10 ttl_ms, 11 source, 12 language, 13 section, 14 reason, 15 latest_max, 16 stream_max
-- Answers {1, what, …}: new, updated, removed, stale (held already, or newer), expired (older than its time to live).
local position = KEYS[#KEYS]
local stored = redis.call('GET', position) or ''
if stored ~= ARGV[1] then return {0, stored} end
redis.call('SET', position, ARGV[2])

local prefix, id = ARGV[3], ARGV[4]
local version, revision = tonumber(ARGV[5]), tonumber(ARGV[6])
local removed, source, language = ARGV[7] == 'removed', ARGV[11], ARGV[12]
local now, ttl = now_ms(), tonumber(ARGV[10])
local left = version + ttl - now
if left > ttl then left = ttl end -- a clock ahead of Redis's

-- Articles past their time: a few each call, so that the indexes shrink as fast as they grow.
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now - ttl, 'LIMIT', 0, 8)) do
  forget(prefix, old)
end

local held = redis.call('HMGET', KEYS[2], 'version', 'revision', 'source', 'language', 'removed_at')
local held_version, held_revision = tonumber(held[1] or 0), tonumber(held[2] or 0)
if version < held_version or (version == held_version and revision <= held_revision) then
  -- A removal says the same revision under a newer version, so it is never the equal of what it removes.
  return {1, 'stale'}
end
if left <= 0 then return {1, 'expired'} end

if held[1] and (removed or held[3] ~= source or held[4] ~= language) then
  unindex(prefix, id, held[3], held[4])
end
redis.call('HSET', KEYS[2], 'version', ARGV[5], 'revision', ARGV[6])
if removed then
  forget(prefix, id)
  redis.call('HSET', KEYS[2], 'removed_at', ARGV[5], 'reason', ARGV[14])
else
  redis.call('SET', KEYS[1], ARGV[8], 'PX', left)
  redis.call('HSET', KEYS[2], 'source', source, 'language', language, 'section', ARGV[13])
  redis.call('HDEL', KEYS[2], 'removed_at', 'reason')
  redis.call('ZADD', KEYS[5], version, id)
  local keep = -tonumber(ARGV[15]) - 1
  redis.call('ZADD', KEYS[3], ARGV[9], id)
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, keep)
  if source ~= '' then
    local key = prefix .. ':latest:source:' .. source
    redis.call('ZADD', key, ARGV[9], id)
    redis.call('ZREMRANGEBYRANK', key, 0, keep)
  end
  if language ~= '' then
    local key = prefix .. ':latest:lang:' .. language
    redis.call('ZADD', key, ARGV[9], id)
    redis.call('ZREMRANGEBYRANK', key, 0, keep)
  end
end
-- Whatever is older than this record is past its time when meta ends: a late redelivery brings nothing back.
redis.call('PEXPIRE', KEYS[2], left + 86400000)
redis.call('SET', KEYS[6], id, 'PX', left)
for i = 7, #KEYS - 1 do lead(prefix, KEYS[i]:sub(-32), id, left) end

local what = removed and 'removed' or ((held[1] and not held[5]) and 'updated' or 'new')
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[16], '*', 'what', what, 'id', id, 'version', ARGV[5], 'revision', ARGV[6])
return {1, what}
