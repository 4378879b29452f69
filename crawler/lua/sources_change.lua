-- Changes rows of sources, all or none: none when somebody changed any since the caller looked. Health stays as it is.
-- KEYS: names, version. ARGV: prefix, version the caller has seen, number of changes, each: what, name and
--   put: number of fields, each field and value ('' = not set)
--   state: active | paused
--   remove
-- Answer: {1, version now}, or {0, version now}.
local version = tonumber(redis.call('GET', KEYS[2]) or 0)
if version ~= tonumber(ARGV[2]) then return { 0, version } end
local at = 3
local function arg() at = at + 1 return ARGV[at] end

local changes = {
  put = function(name, key)
    local url = redis.call('HGET', key, 'url')
    for _ = 1, tonumber(arg()) do
      local field, value = arg(), arg()
      if value == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, value) end
    end
    if redis.call('HGET', key, 'url') ~= url then redis.call('HDEL', key, 'site', 'discovery') end
    local t = redis.call('TIME')
    redis.call('HSETNX', key, 'added', t[1] * 1000 + math.floor(t[2] / 1000))
    return true
  end,
  state = function(name, key)
    if arg() == 'paused' then redis.call('HSET', key, 'state', 'paused') else redis.call('HDEL', key, 'state') end
    return true
  end,
  remove = function(name, key)
    redis.call('DEL', key, ARGV[1] .. ':shapes:' .. name)
    name_remove(name)
    return false
  end,
}

for _ = 1, tonumber(ARGV[3]) do
  local what, name = arg(), arg()
  version = redis.call('INCR', KEYS[2])
  if changes[what](name, ARGV[1] .. ':source:' .. name) then name_put(name, version) end
end
return { 1, version }
