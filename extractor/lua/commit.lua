-- The last step of a page, after the delivery report: state, claims, re-check, outcome and position in one call.
-- KEYS: 1 PREFIX:{p}, 2 PREFIX, 3 the position. ARGV:
--   1 expected, 2 next position      3 id, 4 id of the request      5 version, 6 revision
--   7 action: none, done, publish, unchanged, remove, dead          8 outcome (the ledger's field)
--   9 title, 10 text, 11 times hash  12 id of the canonical claimed ('' = none), 13 its URL ('' = the page's own)
--   14 ttl_ms of state and claim     15 ETag, 16 Last-Modified      17 re-check in ms (0 = none), 18 its step
--   19 url, 20 source, 21 budget, 22 domain, 23 discovered_at       24 budget of the canonical's URL
--   25 host ('' = without memory), 26 doubted blocks for its memory, 4 bytes each, 27 generation of this page
--   28 the two hashes of its address's shape (pipeline/shape.h), of what a page with links named ('' = nothing is learned of it)
-- Answers {1, 'done'}, or {1, 'newer'} when a newer version was there: the record just produced came too late, so the
-- newest one must be said again.
partition(KEYS[1], KEYS[2])
local stored = position_step(KEYS[3], ARGV[1], ARGV[2])
if stored then return {0, stored} end

local id, version, action, ttl = ARGV[3], tonumber(ARGV[5]), ARGV[7], tonumber(ARGV[14])
local ZERO8 = string.rep('\0', 8)
local REMOVED, CLEARED, NO_CLAIM, ELSEWHERE = 1, 2, 4, 8

-- Articles of one partition lie in 64 hashes, so that an entry costs little more than its bytes (docs/redis.md). What most
-- articles do not have, or what is long, lies apart: a long value would make the whole hash a costly one.
local bucket = string.byte(id) % 64
local state_key, long_key = KEYS[1] .. ':state:' .. bucket, KEYS[1] .. ':long:' .. bucket

local function canon_key(canonical) return KEYS[1] .. ':canon:' .. (string.byte(canonical) % 64) end

local function load()
  local packed = call('HGET', state_key, id)
  if not packed then return nil end
  local s = {}
  s.version, s.revision, s.title, s.text, s.times, s.flags, s.generation = struct.unpack('>I6I3c8c8c8BI3', packed)
  s.canonical = bit.band(s.flags, ELSEWHERE) ~= 0 and packed:sub(38, 53) or ''
  local long = call('HGET', long_key, id)
  s.canonical_url, s.etag, s.modified = '', '', ''
  if long then s.canonical_url, s.etag, s.modified = struct.unpack('sss', long) end
  return s
end

-- Once a day, what is past its time leaves the hashes that are written to; what is written to no more goes as a whole.
local function sweep()
  local today = string.format('%.0f', floor(now() / 86400000))
  if call('HGET', state_key, 'd') == today then return end
  call('HSET', state_key, 'd', today)
  local old = now() - ttl
  local all = call('HGETALL', state_key)
  for i = 1, #all, 2 do
    if #all[i] == 16 and struct.unpack('>I6', all[i + 1]) < old then
      call('HDEL', state_key, all[i])
      call('HDEL', long_key, all[i])
    end
  end
  local claims = call('HGETALL', KEYS[1] .. ':canon:' .. bucket)
  for i = 1, #claims, 2 do
    if struct.unpack('>I6', claims[i + 1], 33) < old then call('HDEL', KEYS[1] .. ':canon:' .. bucket, claims[i]) end
  end
end

local function store(s)
  sweep()
  call('HSET', state_key, id, struct.pack('>I6I3c8c8c8BI3', s.version, s.revision, s.title, s.text, s.times, s.flags, s.generation) ..
    s.canonical)
  call('PEXPIRE', state_key, ttl)
  if s.canonical_url .. s.etag .. s.modified ~= '' then
    call('HSET', long_key, id, struct.pack('sss', s.canonical_url, s.etag, s.modified))
    call('PEXPIRE', long_key, ttl)
  else
    call('HDEL', long_key, id)
  end
end

local function record_of(rid, url, budget)
  return record{id = rid, url = url, source = ARGV[20], budget = budget, domain = ARGV[22], via = 'recheck', hints = '',
                etag = '', last_modified = '', step = 0, discovered_at = tonumber(ARGV[23])}
end

-- Lets go of a canonical that this id holds by an entry. Its own address, if it is another, is then asked again.
local function free_claim(canonical, url, again)
  if canonical == '' then return end
  local claim = call('HGET', canon_key(canonical), canonical)
  if not claim or claim:sub(1, 16) ~= id then return end
  call('HDEL', canon_key(canonical), canonical)
  if again and url ~= '' and canonical ~= id then refetch(record_of(canonical, url, ARGV[24])) end
end

local function keep_claim(s)
  if s.canonical == '' then return end
  local claim = call('HGET', canon_key(s.canonical), s.canonical)
  if not claim or claim:sub(1, 16) ~= id then return end
  call('HSET', canon_key(s.canonical), s.canonical, id .. s.title .. s.text .. struct.pack('>I6', s.version))
  call('PEXPIRE', canon_key(s.canonical), ttl)
end

local function publish(before)
  local canonical, url = ARGV[12], ARGV[13]
  if before and before.canonical ~= canonical then free_claim(before.canonical, before.canonical_url, false) end
  local flags = 0
  if canonical == '' then
    flags = NO_CLAIM
  elseif canonical ~= id then
    flags = ELSEWHERE
  end
  local s = {version = version, revision = tonumber(ARGV[6]), title = ARGV[9], text = ARGV[10], times = ARGV[11], flags = flags,
             generation = before and before.generation or tonumber(ARGV[27]),
             canonical = flags == ELSEWHERE and canonical or '', canonical_url = flags == ELSEWHERE and url or '', etag = ARGV[15], modified = ARGV[16]}
  store(s)
  keep_claim(s)
  if canonical == id then free_claim(id, '', false) end -- the state holds it from now on
end

-- Counts the doubted blocks of a host's new articles; as many pages ago as they are half forgotten, nothing of them counts
-- much. At most 16 KB with what begin.lua keeps.
local FORGET_PAGES, COUNTED_MAX, COUNTS_KEEP_MS = 128, 480, 2592000000

local function halve(key)
  local counts = call('HGETALL', key)
  for i = 1, #counts, 2 do
    local n = floor(tonumber(counts[i + 1]) / 2)
    if n > 0 and counts[i] ~= 'pages' then call('HSET', key, counts[i], n) else call('HDEL', key, counts[i]) end
  end
end

local function learn(host, blocks)
  if host == '' or blocks == '' then return end
  local key = KEYS[1] .. ':mem:' .. host .. ':n'
  for i = 1, #blocks - 3, 4 do call('HINCRBY', key, blocks:sub(i, i + 3), 1) end
  if call('HINCRBY', key, 'pages', 1) >= FORGET_PAGES then halve(key) end
  while call('HLEN', key) > COUNTED_MAX do halve(key) end
  call('PEXPIRE', key, COUNTS_KEEP_MS)
end

-- What addresses of these shapes turned out to be, for who reads the source's next page with links: entries of 4 bytes of hash,
-- articles, others; what was counted last stands last. An article halves what spoke against its shape, so that a site's new scheme
-- shows at once; above SHAPE_FULL both halve, so that old pages fade. When there is no room, of the older half who knows least goes.
local SHAPE_FULL, SHAPES_MAX, SHAPES_KEEP_MS = 40, 240, 7776000000

local function shape_counted(shapes, hash, is_article)
  local articles, others = 0, 0
  for i = 1, #shapes, 6 do
    if shapes:sub(i, i + 3) == hash then
      articles, others = shapes:byte(i + 4, i + 5)
      shapes = shapes:sub(1, i - 1) .. shapes:sub(i + 6)
      break
    end
  end
  if is_article then articles, others = articles + 1, floor(others / 2) else others = others + 1 end
  if articles + others > SHAPE_FULL then articles, others = floor(articles / 2), floor(others / 2) end
  return shapes .. hash .. string.char(articles, others)
end

local function shapes_cut(shapes)
  local least, at = math.huge, 1
  for i = 1, SHAPES_MAX / 2, 6 do
    local articles, others = shapes:byte(i + 4, i + 5)
    if articles + others < least then least, at = articles + others, i end
  end
  return shapes:sub(1, at - 1) .. shapes:sub(at + 6)
end

local function learn_shapes(source, hashes, is_article)
  local key = prefix .. ':shapes:' .. source
  local shapes = call('GET', key) or ''
  for i = 1, #hashes, 4 do shapes = shape_counted(shapes, hashes:sub(i, i + 3), is_article) end
  while #shapes > SHAPES_MAX do shapes = shapes_cut(shapes) end
  call('SET', key, shapes, 'PX', SHAPES_KEEP_MS)
end

local function clear(s)
  s.title, s.text, s.times = ZERO8, ZERO8, ZERO8
end

local result = 'done'
local s = load()
local is_other = ARGV[8]:sub(1, 12) == 'not_article:' and ARGV[8] ~= 'not_article:error'
if ARGV[28] ~= '' and not s and (ARGV[8] == 'article' or is_other) then learn_shapes(ARGV[20], ARGV[28], not is_other) end
if (action == 'publish' or action == 'remove') and s and s.version > version then
  clear(s)
  s.flags = bit.bor(s.flags, CLEARED)
  store(s)
  if ARGV[12] ~= s.canonical then free_claim(ARGV[12], '', false) end
  refetch(record_of(id, ARGV[19], ARGV[21]))
  result = 'newer'
elseif action == 'publish' then
  if not s then learn(ARGV[25], ARGV[26]) end
  publish(s)
elseif action == 'unchanged' and s and s.version <= version then
  s.version, s.etag, s.modified = version, ARGV[15], ARGV[16]
  store(s)
  keep_claim(s)
  if ARGV[12] ~= s.canonical then free_claim(ARGV[12], '', false) end -- of this page's verdict; what was said stays as it was
elseif action == 'remove' then
  if s then
    free_claim(s.canonical, s.canonical_url, true)
    clear(s)
    s.version, s.flags, s.canonical, s.canonical_url = version, REMOVED, '', ''
    store(s)
  end
  cancel_recheck(id)
elseif action == 'dead' then
  call('HDEL', KEYS[1] .. ':working', id)
  if s then
    free_claim(s.canonical, s.canonical_url, true)
    s.flags = bit.bor(bit.band(s.flags, bit.bnot(ELSEWHERE)), NO_CLAIM)
    s.canonical, s.canonical_url = '', ''
    store(s)
  end
  free_claim(ARGV[12], ARGV[13], true)
elseif action == 'none' and s and s.version < version then
  s.version = version
  store(s)
end

if ARGV[17] ~= '0' and result == 'done' then
  schedule_recheck(record{id = id, url = ARGV[19], source = ARGV[20], budget = ARGV[21], domain = ARGV[22], via = 'recheck',
    hints = '', etag = ARGV[15], last_modified = ARGV[16], step = tonumber(ARGV[18]), discovered_at = tonumber(ARGV[23])},
    tonumber(ARGV[17]))
end
close_request(ARGV[4], version, ARGV[8])
return {1, result}
