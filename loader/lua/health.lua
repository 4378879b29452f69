-- What an event says about its source's health, kept in the source's row. KEYS: 1 source, 2 position. ARGV: 1 expected,
-- 2 next, 3 time in ms, 4 the field that holds the time of what this event says, 5… further fields and values.
-- An older event than the one told last changes nothing; a source that was removed is not brought back.
local stored = redis.call('GET', KEYS[2]) or ''
if stored ~= ARGV[1] then return {0, stored} end
redis.call('SET', KEYS[2], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 0 then return {1, 'unknown'} end
if tonumber(redis.call('HGET', KEYS[1], ARGV[4]) or 0) > tonumber(ARGV[3]) then return {1, 'older'} end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[3])
for i = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
return {1, 'told'}
