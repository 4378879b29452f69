-- Renews the leases of many partitions. KEYS: the partitions. ARGV: lease ms, then the token of each. Answer: 1 or 0 each: 0 =
-- it is not ours any more, or had lapsed.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local answer = {}
for i, base in ipairs(KEYS) do
  local row = redis.call('HMGET', base .. ':row', 'token', 'until')
  local ours = row[1] == ARGV[i + 1] and tonumber(row[2] or 0) > now
  if ours then redis.call('HSET', base .. ':row', 'until', now + tonumber(ARGV[1])) end
  answer[i] = ours and 1 or 0
end
return answer
