-- KEYS: the authority's key. Answer: {status, fetched at ms, age ms, body}, nil when nothing is known.
local v = redis.call('GET', KEYS[1])
if not v then return nil end
local t = redis.call('TIME')
local row = cmsgpack.unpack(v)
return { row[2], row[1], t[1] * 1000 + math.floor(t[2] / 1000) - row[1], row[3] }
