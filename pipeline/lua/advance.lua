-- Moves a position past records that have no effect. KEYS: position. ARGV: expected ("" = none), next.
local stored = redis.call('GET', KEYS[1]) or ''
if stored ~= ARGV[1] then return {0, stored} end
redis.call('SET', KEYS[1], ARGV[2])
return {1}
