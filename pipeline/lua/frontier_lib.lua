-- frontier_lib.lua - what the scripts of crawler and extractor share: opening, closing with its counts, queueing,
-- re-checks, the seen set, positions. It is put in front of a script (redis_script.prelude). A script begins with
--
--   partition(KEYS[i], KEYS[j])     PREFIX:{p} and PREFIX: all keys are made from these two, here
--
-- ids are their 16 bytes, outcomes the ledger's fields ("article", "failed:http_404": ledger_field()), times Redis's clock
-- in ms. docs/redis.md lists the keys. A *record* is what is known of one request: an array, rec[R_URL] …, packed by
-- cmsgpack; '' and 0 stand for nothing.
--
-- For stages:
--   now()                                      Redis's clock, ms
--   is_open(id)                                opened_at, source of its open entry; nil
--   close_request(id, version, outcome)        removes the open entry and counts the outcome under the source and the day
--                                              it was opened, only if version is later than the opening. true when it
--                                              did; false changes nothing. Also begins what waits for the id: refetch()
--   schedule_recheck(rec, due_in_ms)           (re)places the one scheduled re-check of rec[R_ID]; an add, not fenced. It
--                                              is opened when a claim finds it due
--   cancel_recheck(id)                         no further re-check
--   refetch(rec)                               queue again, unconditionally: opens it (counted reopened + accepted) and puts
--                                              it first in its budget's queue; if it is open, this is done when that ends
--   record(t)                                  makes a record: record{id=, url=, source=, budget=, domain=, via=, hints=,
--                                              etag=, last_modified=, step=, discovered_at=}; the first five must be there
--   count(source, day, field, n)               adds to the ledger (day: day_of(ms))
--   position_step(key, expected, next)         nil: `expected` (a decimal string, '' = none) was stored and is now `next`.
--                                              Else what is stored instead: return {0, it} before any effect
-- For the crawler's: poll_get(poll) (record and when it is due, ms; 0: not by itself), poll_set(poll, rec, due), poll_remove(poll),
-- poll_now(poll, rec), polls_all(), poll_of(poll, packed): polls by kind and id; poll_share() and poll_pass_on() where several sources
-- have one; source_state(name); enqueue() and queued(): records in queues, which are kept shorter than others.
local R_ID, R_URL, R_SOURCE, R_KIND, R_VIA, R_BUDGET, R_DOMAIN = 1, 2, 3, 4, 5, 6, 7
local R_OPENED, R_DISCOVERED, R_HINTS, R_ETAG, R_MODIFIED, R_STEP, R_ATTEMPTS = 8, 9, 10, 11, 12, 13, 14
local R_POLLED, R_SCHEDULE = 15, 16 -- of polls only
local PAGE = 0 -- claim_kind of what the ledger counts; the others are polls
local UNREAD, READ, ELSEWHERE = 0, 1, 2 -- rec[R_POLLED]: never read, read, led to another address that is polled by itself

local call, floor = redis.call, math.floor
local base, prefix, clock, floor_version

local function partition(b, p) base, prefix = b, p end

local function now()
  if not clock then
    local t = call('TIME')
    clock = t[1] * 1000 + floor(t[2] / 1000)
  end
  return clock
end

-- "2026-11-25" (UTC): days to civil date, March as the first month so that leap days come last.
local function day_of(ms)
  local z = floor(ms / 86400000) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local m = mp < 10 and mp + 3 or mp - 9
  return string.format('%04d-%02d-%02d', yoe + era * 400 + (m <= 2 and 1 or 0), m, doy - floor((153 * mp + 2) / 5) + 1)
end

local function count(source, day, field, n)
  local key = prefix .. ':ledger:' .. source .. ':' .. day
  if call('HINCRBY', key, field, n) == n then call('EXPIRE', key, 5184000) end -- 60 days: longer than anything stays open
end

-- Openings are at or after every version given, versions after the opening they answer: so that no outcome, however often
-- it is told, ends a later opening (docs/redis.md, "Time").
local function last_version()
  floor_version = floor_version or tonumber(call('HGET', base .. ':row', 'version') or 0)
  return floor_version
end

local function open_key(id) return base .. ':open:' .. (string.byte(id) % 64) end

local function is_open(id)
  local v = call('HGET', open_key(id), id)
  if not v then return nil end
  return (struct.unpack('>I6', v)), string.sub(v, 7)
end

local function open_request(id, source)
  local at = math.max(now(), last_version())
  call('HSET', open_key(id), id, struct.pack('>I6', at) .. source)
  return at
end

-- Is this record, found in a queue, what is open? A record of an earlier opening is not.
local function is_current(rec) return is_open(rec[R_ID]) == rec[R_OPENED] end

-- hosts: budget -> next_allowed, delay it asked for (0: none), back-off level.
local function host_get(budget)
  local v = call('HGET', base .. ':hosts', budget)
  if not v then return 0, 0, 0 end
  return struct.unpack('>I6I4I1', v)
end

local function host_set(budget, next_allowed, delay, level)
  call('HSET', base .. ':hosts', budget, struct.pack('>I6I4I1', next_allowed, delay, level))
end

-- The budget has work: it is due when its next request may go out. While one is out, its end wakes it.
local function wake(budget)
  if call('ZSCORE', base .. ':budgets', budget) or call('HEXISTS', base .. ':busy', budget) == 1 then return end
  call('ZADD', base .. ':budgets', (host_get(budget)), budget)
end

-- What the key or the open entry says, too, is left out of records that wait in large numbers.
local HTTPS = 'https://'
local function short_url(url) return string.sub(url, 1, #HTTPS) == HTTPS and string.sub(url, #HTTPS + 1) or url end
local function full_url(url) return string.find(url, '^https?://') and url or HTTPS .. url end

-- Queues of a budget: 'u', urgent, first in first out; 'n', from its head.
local function enqueue(rec, queue, at_head)
  local short = { unpack(rec) }
  short[R_URL], short[R_BUDGET], short[R_SOURCE] = short_url(rec[R_URL]), '', ''
  if rec[R_DISCOVERED] == rec[R_OPENED] then short[R_DISCOVERED] = 0 end
  call(at_head and 'LPUSH' or 'RPUSH', base .. ':q' .. queue .. ':' .. rec[R_BUDGET], cmsgpack.pack(short))
  wake(rec[R_BUDGET])
end

-- A page that stood in a budget's queue, as it was; nil when it was closed meanwhile.
local function queued(rec, budget)
  local at, source = is_open(rec[R_ID])
  if at ~= rec[R_OPENED] then return nil end
  rec[R_URL], rec[R_BUDGET], rec[R_SOURCE] = full_url(rec[R_URL]), budget, source
  if rec[R_DISCOVERED] == 0 then rec[R_DISCOVERED] = at end
  return rec
end

-- Polls are kept for ever and hardly ever read. A few of them, by the first byte of their ids, share one field of a hash, as {poll, due
-- (s; 0: nothing comes due by itself), packed, …}, and one member of `due`, because Redis would keep as much again beside each of
-- them. A share that has become too large becomes eight, by the next byte. Packed is what the key does not say, up to the last that
-- is set.
local POLL_FIELDS = { R_POLLED, R_SCHEDULE, R_MODIFIED, R_ETAG, R_BUDGET, R_DOMAIN } -- behind url and source
local SHARE_MAX, SHARE_STEP = 32, 3

local function host_of(url) return string.match(url, '^[^/]*') end

local function poll_pack(rec)
  local url, source = short_url(rec[R_URL]), rec[R_SOURCE]
  local short = { url, string.sub(host_of(url), -#source) == source and #source or source }
  for i, field in ipairs(POLL_FIELDS) do short[2 + i] = rec[field] end
  if rec[R_BUDGET] == source then short[7] = '' end
  while short[#short] == '' or short[#short] == 0 do short[#short] = nil end
  return cmsgpack.pack(short)
end

local function poll_of(poll, packed)
  local short = cmsgpack.unpack(packed)
  local url, source = short[1], short[2]
  if type(source) == 'number' then source = string.sub(host_of(url), -source) end
  local rec = { string.sub(poll, 2), full_url(url), source, tonumber(string.sub(poll, 1, 1)), '', source, '', 0, 0, '', '', '', 0, 0, 0, '' }
  for i, field in ipairs(POLL_FIELDS) do
    local v = short[2 + i]
    if v and v ~= '' then rec[field] = v end
  end
  return rec
end

local function share_part(poll, depth) return string.byte(poll, 1 + depth) % 8 end

-- The share in which a poll is, or would be: its field, and what is in it.
local function share_of(poll)
  local field, packed = '', ''
  while packed == '' do
    field = field .. share_part(poll, #field + 1)
    packed = call('HGET', base .. ':polls', field)
  end
  return field, packed and cmsgpack.unpack(packed) or {}
end

local function share_save(field, share)
  local first = math.huge
  if #share > SHARE_MAX * SHARE_STEP and #field < 16 then
    call('HSET', base .. ':polls', field, '')
    local parts = {}
    for i = 1, #share do
      local part = share_part(share[i - (i - 1) % SHARE_STEP], #field + 1)
      parts[part] = parts[part] or {}
      table.insert(parts[part], share[i])
    end
    for part, some in pairs(parts) do share_save(field .. part, some) end
  elseif #share > 0 then
    call('HSET', base .. ':polls', field, cmsgpack.pack(share))
    for i = 2, #share, SHARE_STEP do
      if share[i] > 0 and share[i] < first then first = share[i] end
    end
  else
    call('HDEL', base .. ':polls', field)
  end
  if first < math.huge then call('ZADD', base .. ':due', first * 1000, 'P' .. field) else call('ZREM', base .. ':due', 'P' .. field) end
end

-- Its place in its share (nil: there is no such poll); field and share.
local function poll_find(poll)
  local field, share = share_of(poll)
  for i = 1, #share, SHARE_STEP do
    if share[i] == poll then return i, field, share end
  end
  return nil, field, share
end

local function poll_get(poll)
  local i, _, share = poll_find(poll)
  if not i then return nil end
  return poll_of(poll, share[i + 2]), share[i + 1] * 1000
end

local function poll_set(poll, rec, due)
  local i, field, share = poll_find(poll)
  i = i or #share + 1
  share[i], share[i + 1], share[i + 2] = poll, floor(due / 1000), poll_pack(rec)
  share_save(field, share)
end

local function poll_remove(poll)
  local i, field, share = poll_find(poll)
  if not i then return end
  for _ = 1, SHARE_STEP do table.remove(share, i) end
  share_save(field, share)
end

-- All of the partition: {poll, due s, packed, …}.
local function polls_all()
  local all = {}
  for _, packed in ipairs(call('HVALS', base .. ':polls')) do
    for _, v in ipairs(packed ~= '' and cmsgpack.unpack(packed) or {}) do all[#all + 1] = v end
  end
  return all
end

-- Is a source watched? 'active', 'paused'; nil when there is none of that name.
local function source_state(name)
  local row = call('HMGET', prefix .. ':source:' .. name, 'url', 'state')
  return row[1] and (row[2] or 'active') or nil
end

-- Due at once; of one that is out its end says when.
local function poll_now(poll, rec)
  poll_set(poll, rec, call('HEXISTS', base .. ':leased', 'p' .. poll) == 0 and now() or 0)
end

-- A document that several sources show is polled for one of them. The others wait in `also`: poll -> {{source, url}…}.
local SHARERS_MAX, SHARERS_FULL = 32, 'too many sources share its feed or sitemap' -- until one is looked at again and finds room

local function is_watched(source) return source_state(source) == 'active' end

-- Is it a document of the source's own site? The budget is a registrable domain, or a host.
local function is_home(source, budget)
  local url = call('HGET', prefix .. ':source:' .. source, 'url') or ''
  local host = string.match(string.gsub(url, '^https?://', ''), '^[^/?#]+') or ''
  return string.sub('.' .. host, -#budget - 1) == '.' .. budget or string.match(host, '^(.*):%d+$') == budget
end

local function sharers_get(poll)
  local packed = call('HGET', base .. ':also', poll)
  return packed and cmsgpack.unpack(packed) or {}
end

local function sharers_set(poll, list)
  if #list > 0 then call('HSET', base .. ':also', poll, cmsgpack.pack(list)) else call('HDEL', base .. ':also', poll) end
end

local function poll_unshare(poll, source)
  local list = sharers_get(poll)
  for i = #list, 1, -1 do if list[i][1] == source then table.remove(list, i) end end
  sharers_set(poll, list)
end

-- The source would poll it, too. It is read anew: what was none of its source's business may be this one's. When too many wait
-- the source's row says so, in the words returned.
local function poll_share(poll, rec, source, url)
  local list = sharers_get(poll)
  for _, one in ipairs(list) do if one[1] == source then return end end
  local row = prefix .. ':source:' .. source
  if #list >= SHARERS_MAX then
    if call('HEXISTS', row, 'url') == 1 then call('HSET', row, 'status', SHARERS_FULL) end
    return SHARERS_FULL
  end
  if call('HGET', row, 'status') == SHARERS_FULL then call('HDEL', row, 'status') end
  list[#list + 1] = { source, short_url(url) }
  sharers_set(poll, list)
  rec[R_ETAG], rec[R_MODIFIED], rec[R_POLLED] = '', '', UNREAD
  poll_now(poll, rec)
end

-- Its source watches it no longer: the one whose site it is, else the first that waits, gets it. False: nobody does.
local function poll_inherit(poll, rec)
  local list, heir = sharers_get(poll), nil
  for i, one in ipairs(list) do
    local better = not heir or (is_home(one[1], rec[R_BUDGET]) and not is_home(list[heir][1], rec[R_BUDGET]))
    if better and one[1] ~= rec[R_SOURCE] and is_watched(one[1]) then heir = i end
  end
  local one = heir and table.remove(list, heir)
  sharers_set(poll, one and list or {})
  if one then rec[R_SOURCE], rec[R_URL] = one[1], full_url(one[2]) end
  return one ~= nil
end

local function poll_pass_on(poll, rec)
  local is_inherited = poll_inherit(poll, rec)
  if is_inherited then poll_now(poll, rec) end
  return is_inherited
end

local function record(t)
  return { t.id, t.url, t.source, t.kind or PAGE, t.via or '', t.budget, t.domain == t.budget and '' or t.domain or '', 0,
           tonumber(t.discovered_at) or 0, t.hints or '', t.etag or '', t.last_modified or '', tonumber(t.step) or 0, 0,
           t.kind and 0, t.kind and '' }
end

-- What a partition's hashes call a request: u and the id, or p, the kind and the id of a poll (kinds are one digit).
local function member_of(rec)
  return rec[R_KIND] == PAGE and 'u' .. rec[R_ID] or 'p' .. rec[R_KIND] .. rec[R_ID]
end

-- Things that come due by themselves: member = a letter and the id. r: a re-check, t: another try; P and a share: its first poll.
local function schedule(letter, rec, due)
  local member = letter .. rec[R_ID]
  call('HSET', base .. ':items', member, cmsgpack.pack(rec))
  call('ZADD', base .. ':due', due, member)
end

local function schedule_recheck(rec, due_in_ms) schedule('r', rec, now() + tonumber(due_in_ms)) end

local function cancel_recheck(id)
  call('HDEL', base .. ':items', 'r' .. id)
  call('ZREM', base .. ':due', 'r' .. id)
end

-- Opens what was seen before; the caller queues it.
local function reopen(rec)
  rec[R_OPENED] = open_request(rec[R_ID], rec[R_SOURCE])
  rec[R_ATTEMPTS] = 0
  local day = day_of(rec[R_OPENED])
  count(rec[R_SOURCE], day, 'reopened', 1)
  count(rec[R_SOURCE], day, 'accepted', 1)
end

local function refetch(rec)
  rec[R_ETAG], rec[R_MODIFIED] = '', ''
  if is_open(rec[R_ID]) then
    call('HSET', base .. ':again', rec[R_ID], cmsgpack.pack(rec))
    return
  end
  reopen(rec)
  enqueue(rec, 'n', true)
end

local function close_request(id, version, outcome)
  local at, source = is_open(id)
  if not at or tonumber(version) <= at then return false end
  call('HDEL', open_key(id), id)
  call('HDEL', base .. ':sent', id)
  count(source, day_of(at), outcome, 1)
  local again = call('HGET', base .. ':again', id)
  if again then
    call('HDEL', base .. ':again', id)
    refetch(cmsgpack.unpack(again))
  end
  return true
end

local function position_step(key, expected, next_position)
  local stored = call('GET', key) or ''
  if stored ~= expected then return stored end
  call('SET', key, next_position)
  return nil
end

-- The seen set: generations of buckets, each a set of 64-bit integers (an intset while small). gens, oldest first:
-- {number, buckets, count, begun}. A hit in an older one is copied to the newest, so that what is still listed stays.
local GENERATIONS_MAX, KEEP_MS, MEAN_MAX, MONTH_MS = 12, 100 * 86400000, 250, 30 * 86400000
local gens, gens_changed

local function seen_load()
  if gens then return end
  local v = call('HGET', base .. ':row', 'gens')
  gens = v and cmsgpack.unpack(v) or { { 1, 4, 0, now() } }
end

local function seen_save()
  if gens_changed then call('HSET', base .. ':row', 'gens', cmsgpack.pack(gens)) end
end

local function seen_key(g, bucket) return base .. ':s:' .. g[1] .. ':' .. (bucket % g[2]) end

-- A new generation at the turn of a month or when the buckets are full; as many buckets as the last one would have needed
-- for a month, with half of that to spare.
local function seen_turn()
  local g = gens[#gens]
  local t = now()
  if g[3] < MEAN_MAX * g[2] and (g[3] == 0 or string.sub(day_of(g[4]), 1, 7) == string.sub(day_of(t), 1, 7)) then return g end
  local month = g[3] * MONTH_MS / math.max(t - g[4], 60000)
  local buckets = 4
  while buckets < 65536 and buckets < 16 * g[2] and buckets * MEAN_MAX / 2 < month do buckets = buckets * 2 end
  gens[#gens + 1] = { g[1] + 1, buckets, 0, t }
  while #gens > 1 and (#gens > GENERATIONS_MAX or gens[2][4] < t - KEEP_MS) do
    local old = table.remove(gens, 1)
    call('RPUSH', base .. ':drops', old[1] .. ' ' .. old[2])
  end
  return gens[#gens]
end

-- value: the fingerprint as a decimal string, bucket: its number (fingerprint_of()).
local function seen(value, bucket)
  seen_load()
  for i = #gens, 1, -1 do
    if call('SISMEMBER', seen_key(gens[i], bucket), value) == 1 then return i end
  end
  return nil
end

-- Marks it seen; true when it was.
local function mark_seen(value, bucket)
  local at = seen(value, bucket)
  if at == #gens then return true end
  local g = seen_turn()
  call('SADD', seen_key(g, bucket), value)
  g[3] = g[3] + 1
  gens_changed = true
  return at ~= nil
end
