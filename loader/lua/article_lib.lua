-- What the scripts of the cache share. An article's traces beside article:<id>: its places in the indexes, the url:<…> keys
-- that lead to it, its line in `loaded` (private: id by version, so that the oldest can be found). meta:<id> says which.

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
