-- Takes the oldest articles out of the cache. KEYS: 1 loaded, 2 the article stream. ARGV: 1 prefix, 2 how many.
-- Answers how many went.
local ids = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)
for _, id in ipairs(ids) do
  forget(ARGV[1], id)
  forget_addresses(ARGV[1], id)
end
redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', math.max(100, redis.call('ZCARD', KEYS[1])))
return #ids
