-- The last step of a page, after the delivery report: state, claims, re-check, outcome and position in one call.
-- KEYS: 1 PREFIX:{p}, 2 PREFIX, 3 the position. ARGV:
--   1 expected, 2 next position      3 id, 4 id of the request      5 version, 6 revision
--   7 action: none, done, publish, unchanged, remove, dead          8 outcome (the ledger's field)
--   9 title, 10 text, 11 times hash  12 id of the canonical claimed ('' = none), 13 its URL ('' = the page's own)
--   14 ttl_ms of state and claim     15 ETag, 16 Last-Modified      17 re-check in ms (0 = none), 18 its step
--   19 url, 20 source, 21 budget, 22 domain, 23 discovered_at       24 budget of the canonical's URL
-- Answers {1, 'done'}, or {1, 'newer'} when a newer version was there: the record just produced came too late, so the
-- newest one must be said again.
partition(KEYS[1], KEYS[2])
local stored = position_step(KEYS[3], ARGV[1], ARGV[2])
if stored then return {0, stored} end

local id, version, action, ttl = ARGV[3], tonumber(ARGV[5]), ARGV[7], ARGV[14]
local state_key = KEYS[1] .. ':state:' .. id
local FORMAT = '>I8I4c8c8c8BI8c16sss'
local ZERO8, ZERO16 = string.rep('\0', 8), string.rep('\0', 16)
local REMOVED, CLEARED = 1, 2

local s -- {version, revision, title, text, times, flags, first, canonical, canonical_url, etag, last_modified}
local packed = redis.call('GET', state_key)
if packed then s = {struct.unpack(FORMAT, packed)} end

local function store()
  redis.call('SET', state_key, struct.pack(FORMAT, unpack(s, 1, 11)), 'PX', ttl)
end

local function record_of(rid, url, budget)
  return record{id = rid, url = url, source = ARGV[20], budget = budget, domain = ARGV[22], via = 'recheck', hints = '',
                etag = '', last_modified = '', step = 0, discovered_at = tonumber(ARGV[23])}
end

-- Lets go of a canonical that this id holds. Its own address, if it is another, is then asked again.
local function free_claim(canonical, url, again)
  if canonical == '' or canonical == ZERO16 then return end
  local key = KEYS[1] .. ':canon:' .. canonical
  local claim = redis.call('GET', key)
  if not claim or claim:sub(1, 16) ~= id then return end
  redis.call('DEL', key)
  if again and url ~= '' and canonical ~= id then refetch(record_of(canonical, url, ARGV[24])) end
end

local function keep_claim(canonical)
  local key = KEYS[1] .. ':canon:' .. canonical
  local claim = redis.call('GET', key)
  if claim and claim:sub(1, 16) == id then redis.call('PEXPIRE', key, ttl) end
end

local result = 'done'
if (action == 'publish' or action == 'remove') and s and s[1] > version then
  s[3], s[4], s[5] = ZERO8, ZERO8, ZERO8
  s[6] = bit.bor(s[6], CLEARED)
  store()
  refetch(record_of(id, ARGV[19], ARGV[21]))
  result = 'newer'
elseif action == 'publish' then
  local canonical = ARGV[12] ~= '' and ARGV[12] or ZERO16
  if s and s[8] ~= canonical then free_claim(s[8], s[9], false) end
  s = {version, tonumber(ARGV[6]), ARGV[9], ARGV[10], ARGV[11], 0, s and s[7] or version, canonical, ARGV[13], ARGV[15], ARGV[16]}
  store()
  keep_claim(canonical)
elseif action == 'unchanged' and s and s[1] <= version then
  s[1], s[10], s[11] = version, ARGV[15], ARGV[16]
  store()
  keep_claim(s[8])
elseif action == 'remove' then
  if s then
    free_claim(s[8], s[9], true)
    s[1], s[3], s[4], s[5], s[6], s[8], s[9] = version, ZERO8, ZERO8, ZERO8, REMOVED, ZERO16, ''
    store()
  end
  cancel_recheck(id)
elseif action == 'dead' then
  redis.call('HDEL', KEYS[1] .. ':working', id)
  if s then free_claim(s[8], s[9], true) end
  free_claim(ARGV[12], ARGV[13], true)
elseif action == 'none' and s and s[1] < version then
  s[1] = version
  store()
end

if ARGV[17] ~= '0' and result == 'done' then
  schedule_recheck(record{id = id, url = ARGV[19], source = ARGV[20], budget = ARGV[21], domain = ARGV[22], via = 'recheck',
    hints = '', etag = ARGV[15], last_modified = ARGV[16], step = tonumber(ARGV[18]), discovered_at = tonumber(ARGV[23])},
    tonumber(ARGV[17]))
end
close_request(ARGV[4], version, ARGV[8])
return {1, result}
