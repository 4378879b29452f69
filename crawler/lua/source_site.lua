-- Where the address of a source leads to: sources of one site are merged. KEYS: names, version. ARGV: prefix, name, address ('' = to
-- itself). Answer: 1 if that is news.
local key = ARGV[1] .. ':source:' .. ARGV[2]
if redis.call('EXISTS', key) == 0 or (redis.call('HGET', key, 'site') or '') == ARGV[3] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', key, 'site') else redis.call('HSET', key, 'site', ARGV[3]) end
name_put(ARGV[2], redis.call('INCR', KEYS[2]))
return 1
