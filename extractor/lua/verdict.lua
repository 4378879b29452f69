-- A page has its verdict: it is no longer in work, and an article claims its canonical address before it is produced.
-- KEYS: 1 PREFIX:{p}, 2 PREFIX. ARGV: 1 id, 2 worker, 3 id of the canonical ('' = no claim), 4 title hash, 5 text hash,
-- 6 how long the claim lives, ms.
-- Answers {'held'}, {'twin', holder}: another id holds it and has the same title or text, or {'other', holder}.
local id = ARGV[1]
local working = KEYS[1] .. ':working'
local packed = redis.call('HGET', working, id)
if packed and cmsgpack.unpack(packed)[1] == ARGV[2] then redis.call('HDEL', working, id) end

if ARGV[3] == '' then return {'held'} end
local key = KEYS[1] .. ':canon:' .. ARGV[3]
local claim = redis.call('GET', key)
if claim and claim:sub(1, 16) ~= id then
  local twin = claim:sub(17, 24) == ARGV[4] or claim:sub(25, 32) == ARGV[5]
  return {twin and 'twin' or 'other', claim:sub(1, 16)}
end
redis.call('SET', key, id .. ARGV[4] .. ARGV[5], 'PX', ARGV[6])
return {'held'}
