-- A page has its verdict: it is no longer in work, and an article claims its canonical address before it is produced.
-- KEYS: 1 PREFIX:{p}, 2 PREFIX. ARGV: 1 id, 2 worker, 3 id of the canonical ('' = no claim), 4 title hash, 5 text hash, 6 version.
-- Answers {'held'}, {'twin', holder}: another id holds it and has the same title or text, or {'other', holder}.
-- Who is published under its own address holds that by its state alone; until the state is there, and for other addresses,
-- the claim is an entry of its own.
local id, canonical = ARGV[1], ARGV[3]
local working = KEYS[1] .. ':working'
local packed = redis.call('HGET', working, id)
if packed and cmsgpack.unpack(packed)[1] == ARGV[2] then redis.call('HDEL', working, id) end
if canonical == '' then return {'held'} end

local bucket = string.byte(canonical) % 64
local REMOVED, NO_CLAIM, ELSEWHERE = 1, 4, 8

-- The holder's id, title and text hash, and whether by its state; nil: nobody.
local function holder()
  local claim = redis.call('HGET', KEYS[1] .. ':canon:' .. bucket, canonical)
  if claim then return claim:sub(1, 16), claim:sub(17, 24), claim:sub(25, 32), false end
  local state = redis.call('HGET', KEYS[1] .. ':state:' .. bucket, canonical)
  if not state then return nil end
  local _, revision, title, text, _, flags = struct.unpack('>I6I3c8c8c8B', state)
  if revision > 0 and bit.band(flags, REMOVED + NO_CLAIM + ELSEWHERE) == 0 then return canonical, title, text, true end
end

local who, title, text, settled = holder()
if who and who ~= id then return {(title == ARGV[4] or text == ARGV[5]) and 'twin' or 'other', who} end
if settled then return {'held'} end
redis.call('HSET', KEYS[1] .. ':canon:' .. bucket, canonical, id .. ARGV[4] .. ARGV[5] .. struct.pack('>I6', tonumber(ARGV[6])))
return {'held'}
