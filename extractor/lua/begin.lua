-- A page is about to be worked on. KEYS: 1 PREFIX:{p}, 2 PREFIX. ARGV: 1 id, 2 version, 3 worker, 4 "1": it is tried alone
-- now, 5 "1": no bytes will be decoded (gone), 6 "1": a re-extraction, 7 host ('' = without memory), 8 generation of its memory.
-- Answers {state or nil, its long part or nil, suspect, deaths, known blocks of the site}: suspect = the process that had it
-- ended (or lost it) before a verdict.
local id, worker = ARGV[1], ARGV[3]
local bucket = string.byte(id) % 64
local state = redis.call('HGET', KEYS[1] .. ':state:' .. bucket, id)
local long = state and redis.call('HGET', KEYS[1] .. ':long:' .. bucket, id)

if ARGV[5] == '1' then return {state, long, 0, 0, ''} end
if state then
  local known, version = struct.unpack('>I6', state), tonumber(ARGV[2])
  if known > version or (known == version and ARGV[6] ~= '1') then return {state, long, 0, 0, ''} end
end

-- What the host's articles have in common (extractor/memory.h): seen on three pages or more, 256 blocks at most, 4 bytes each.
local MIN_PAGES, KNOWN_MAX, HISTORY_BYTES, HISTORY_HOURS, KEEP_MS = 3, 256, 8192, 216, 2592000000

local function furniture(key)
  local counts, known = redis.call('HGETALL', key), {}
  for i = 1, #counts, 2 do
    if #counts[i] == 4 and tonumber(counts[i + 1]) >= MIN_PAGES then known[#known + 1] = counts[i] end
  end
  table.sort(known)
  return table.concat(known, '', 1, math.min(#known, KNOWN_MAX))
end

-- The generation by which an article is judged is that of its first page: what the site's memory learns later is no update of it.
local function generation_of()
  local first = state and struct.unpack('>I3', state, 35) or 0
  return first > 0 and first or tonumber(ARGV[8])
end

-- Takes note of what is known from a generation on. What went before is kept as long as an article may be judged by it: its
-- re-checks and then the time to live of its state, 9 days. While that fills the room, nothing new is learned: the blocks that
-- an article was judged by must not change under it, or they would make an update of nothing.
local function remember(mem, generation, known)
  while #mem > 2 and mem[3][1] <= generation - HISTORY_HOURS do
    table.remove(mem, 2)
    mem[2][1] = 0
  end
  local bytes = #known + 8
  for i = 2, #mem do bytes = bytes + #mem[i][2] + 8 end
  if known ~= mem[#mem][2] and bytes <= HISTORY_BYTES then mem[#mem + 1] = {generation, known} end
end

-- The blocks known in a generation. The first page of one fixes them for all of its pages: so the same page is judged by the same
-- blocks whenever it is looked at. mem: the newest generation, then {from generation, blocks}, the first from 0 on.
local function recall()
  if ARGV[7] == '' then return '' end
  local key, generation = KEYS[1] .. ':mem:' .. ARGV[7], generation_of()
  local packed = redis.call('GET', key)
  local mem = packed and cmsgpack.unpack(packed) or {0, {0, ''}}
  if generation > mem[1] then
    mem[1] = generation
    remember(mem, generation, furniture(key .. ':n'))
    redis.call('SET', key, cmsgpack.pack(mem), 'PX', KEEP_MS)
  end
  for i = #mem, 2, -1 do
    if mem[i][1] <= generation then return mem[i][2] end
  end
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
return {state, long, entry[4], entry[3], recall()}
