-- Is it time to subscribe to a feed's hub, for the first time or again? Only one worker is told so.
-- KEYS: row. ARGV: topic, hub, source, feed's address, fresh token, fresh secret, ms between two tries.
-- Answer: {token, secret}, or nil: not now.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local row = redis.call('HMGET', KEYS[1], 'topic', 'hub', 'until', 'lease_ms', 'not_before', 'token', 'secret')
local same = row[1] == ARGV[1] and row[2] == ARGV[2]
if row[1] then redis.call('HSET', KEYS[1], 'source', ARGV[3], 'url', ARGV[4]) end
if tonumber(row[5] or 0) > now then return nil end
if same and tonumber(row[3] or 0) - now > tonumber(row[4] or 0) / 4 then return nil end
-- What is renewed keeps its secret, so that no push in between is refused.
local token, secret = same and row[6] or ARGV[5], same and row[7] or ARGV[6]
redis.call('HSET', KEYS[1], 'topic', ARGV[1], 'hub', ARGV[2], 'source', ARGV[3], 'url', ARGV[4], 'token', token, 'secret', secret,
           'asked_at', now, 'not_before', now + tonumber(ARGV[7]))
if not same then redis.call('HDEL', KEYS[1], 'until', 'lease_ms') end
redis.call('PEXPIRE', KEYS[1], 40 * 86400000)
return { token, secret }
