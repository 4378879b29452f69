-- Says that a worker lives and who else does. KEYS: workers. ARGV: worker, ms after which a silent one counts as dead, leaving
-- (1: take me off). Answer: {now, worker…}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[3] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], now, ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
local answer = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(answer, 1, now)
return answer
