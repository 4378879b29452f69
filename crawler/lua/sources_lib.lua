-- What the scripts of sources share: the names, each with the version of its row's last change as score, lie in 128 sorted sets,
-- because small ones cost a fifth of a large one. KEYS[1] is what their keys begin with.
local SETS = 128

local function set_of(name)
  local h = 0
  for i = 1, #name do h = (h * 31 + string.byte(name, i)) % 65521 end
  return KEYS[1] .. ':' .. h % SETS
end

local function name_put(name, version) redis.call('ZADD', set_of(name), version, name) end
local function name_remove(name) redis.call('ZREM', set_of(name), name) end

-- {{version, name}…} of what changed after a version, oldest change first; how many names there are.
local function names_after(version)
  local changed, count = {}, 0
  for i = 0, SETS - 1 do
    local key = KEYS[1] .. ':' .. i
    count = count + redis.call('ZCARD', key)
    local some = redis.call('ZRANGEBYSCORE', key, '(' .. version, '+inf', 'WITHSCORES')
    for j = 1, #some, 2 do changed[#changed + 1] = { tonumber(some[j + 1]), some[j] } end
  end
  table.sort(changed, function(a, b) return a[1] < b[1] end)
  return changed, count
end
