-- What the scripts of the cache share. An article's traces beside article:<id>: its places in the indexes, its line in `loaded`
-- (private: id by version, so that the oldest can be found); meta:<id> says which. The url:<…> keys that lead to it: its own, and
-- those of its other addresses, of which aliases:<id> (private) names the first ALIASES_MAX.
local ALIASES_MAX = 16

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function unindex(prefix, id, source, language)
  redis.call('ZREM', prefix .. ':latest', id)
  if source and source ~= '' then redis.call('ZREM', prefix .. ':latest:source:' .. source, id) end
  if language and language ~= '' then redis.call('ZREM', prefix .. ':latest:lang:' .. language, id) end
end

-- Takes an article out of the cache; meta stays as long as it would, so that nothing older comes back.
local function forget(prefix, id)
  local m = redis.call('HMGET', prefix .. ':meta:' .. id, 'source', 'language')
  unindex(prefix, id, m[1], m[2])
  redis.call('DEL', prefix .. ':article:' .. id)
  redis.call('ZREM', prefix .. ':loaded', id)
end

-- Another address of the article, for ms. One that leads to another article which is here stays as it is.
local function lead(prefix, alias, id, ms)
  local key, known = prefix .. ':url:' .. alias, prefix .. ':aliases:' .. id
  local leads_to = redis.call('GET', key)
  if leads_to and leads_to ~= id and redis.call('EXISTS', prefix .. ':article:' .. leads_to) == 1 then return end
  redis.call('SET', key, id, 'PX', ms)
  if redis.call('SCARD', known) < ALIASES_MAX then redis.call('SADD', known, alias) end
  if redis.call('PTTL', known) < ms then redis.call('PEXPIRE', known, ms) end
end

-- No address leads to the article any more.
local function forget_addresses(prefix, id)
  local known = prefix .. ':aliases:' .. id
  local addresses = redis.call('SMEMBERS', known)
  addresses[#addresses + 1] = id
  for _, address in ipairs(addresses) do
    local key = prefix .. ':url:' .. address
    if redis.call('GET', key) == id then redis.call('DEL', key) end
  end
  redis.call('DEL', known)
end
