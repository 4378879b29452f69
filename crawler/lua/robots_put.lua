-- Keeps what an authority's robots.txt answered, for a month. KEYS: the authority's key. ARGV: status, body.
local t = redis.call('TIME')
redis.call('SET', KEYS[1], cmsgpack.pack({ t[1] * 1000 + math.floor(t[2] / 1000), tonumber(ARGV[1]), ARGV[2] }), 'EX', 2678400)
return 1
