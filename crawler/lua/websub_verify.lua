-- A hub asks whether we want what it was asked for, or says that it will not do it (W3C WebSub, 5.3, 5.2). KEYS: row.
-- ARGV: token, mode, topic, lease in s. Answer: 1: yes, that is what we want.
local HOUR, DAY = 3600000, 86400000
local row = redis.call('HMGET', KEYS[1], 'token', 'topic', 'asked_at')
if not row[1] or row[1] ~= ARGV[1] then return ARGV[2] == 'unsubscribe' and 1 or 0 end
if row[2] ~= ARGV[3] then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[2] == 'denied' then
  redis.call('HSET', KEYS[1], 'not_before', now + DAY)
  redis.call('HDEL', KEYS[1], 'until', 'lease_ms')
  return 1
end
if ARGV[2] ~= 'subscribe' then return 0 end
local lease = math.min(math.max((tonumber(ARGV[4]) or 0) * 1000, HOUR), 30 * DAY)
redis.call('HSET', KEYS[1], 'until', now + lease, 'lease_ms', lease)
return 1
