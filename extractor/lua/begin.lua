-- A page is about to be worked on. KEYS: 1 PREFIX:{p}, 2 PREFIX. ARGV: 1 id, 2 version, 3 worker, 4 "1": it is tried alone
-- now, 5 "1": no bytes will be decoded (gone), 6 "1": a re-extraction.
-- Answers {state or nil, its long part or nil, suspect, deaths}: suspect = the process that had it ended (or lost it) before a
-- verdict.
local id, worker = ARGV[1], ARGV[3]
local bucket = string.byte(id) % 64
local state = redis.call('HGET', KEYS[1] .. ':state:' .. bucket, id)
local long = state and redis.call('HGET', KEYS[1] .. ':long:' .. bucket, id)

if ARGV[5] == '1' then return {state, long, 0, 0} end
if state then
  local known, version = struct.unpack('>I6', state), tonumber(ARGV[2])
  if known > version or (known == version and ARGV[6] ~= '1') then return {state, long, 0, 0} end
end

local key = KEYS[1] .. ':working'
local packed = redis.call('HGET', key, id)
local entry = packed and cmsgpack.unpack(packed) or {worker, 0, 0, 0} -- by whom, alone, deaths alone, suspect
if entry[1] ~= worker then
  if entry[2] == 1 then entry[3] = entry[3] + 1 end
  entry[1], entry[2], entry[4] = worker, 0, 1
end
if ARGV[4] == '1' then entry[2] = 1 end
redis.call('HSET', key, id, cmsgpack.pack(entry))
return {state, long, entry[4], entry[3]}
