-- One worker's dealings with one partition it holds, in one call: transfers that ended, results, what came due, claims.
-- Fenced: with another token, or after the lease has run out, nothing happens and the answer is {0}.
-- KEYS: partition, prefix. ARGV: token, lookahead ms, claims wanted at most, default delay ms, budgets at once below one domain,
--   reconcile (1: the last answer was lost), number of claims the worker knows of, those (member_of()),
--   number of ended, each: budget, domain, version, ms since sending (-1: nothing was sent), failed, Retry-After ms,
--     crawl-delay ms (-1: as it is), slow, jitter 0..999,
--   number of results, each: kind, member, version, and by kind (below).
-- Answer: {1, ms until it is worth calling again (-1: nothing waits), claim…}.
partition(KEYS[1], KEYS[2])
-- A function around it all: closures get at what is outside of it for nothing, which is a third of an idle call's time.
return (function()
local at = 0
local function arg() at = at + 1 return ARGV[at] end
local function num() return tonumber(arg()) end

local owner = call('HMGET', base .. ':row', 'token', 'until', 'takeover')
if owner[1] ~= arg() or tonumber(owner[2] or 0) <= now() then return { 0 } end
local takeover = tonumber(owner[3] or 0)
local lookahead, wanted, default_delay, cap = num(), num(), num(), num()
local DROPS_MAX, DUE_MAX, PAUSED_MS = 256, 64, 60000

-- A host that failed is asked half as often for each level of its back-off.
local function delay_of(own, level)
  local delay = math.max(default_delay, own)
  if level == 0 then return delay end
  return math.max(own, math.min(math.max(delay, 1000) * 2 ^ math.min(level, 6), 300000))
end

local function has_queue(budget)
  return call('EXISTS', base .. ':qu:' .. budget, base .. ':qn:' .. budget) > 0
end

-- A place below a domain is free: let in one budget that waits for it.
local function uncap(domain)
  if call('HINCRBY', base .. ':caps', domain, -1) <= 0 then call('HDEL', base .. ':caps', domain) end
  local waits = call('ZRANGEBYLEX', base .. ':capped', '[' .. domain .. '\n', '(' .. domain .. '\n\255', 'LIMIT', 0, 1)
  if waits[1] then
    call('ZREM', base .. ':capped', waits[1])
    wake(string.sub(waits[1], #domain + 2))
  end
end

local function release(budget, domain, next_allowed)
  call('HDEL', base .. ':busy', budget)
  if domain ~= '' then uncap(domain) end
  if has_queue(budget) then call('ZADD', base .. ':budgets', next_allowed, budget) end
end

local function put_back(rec)
  if rec[R_KIND] ~= PAGE then
    enqueue(rec, 'u')
  elseif is_current(rec) then
    enqueue(rec, 'n', true)
  end
end

-- The answer to an earlier call never came: what it leased, the worker does not know of. Queue that again.
local function reconcile(known)
  local leased = call('HGETALL', base .. ':leased')
  for i = 1, #leased, 2 do
    if not known[leased[i]] then
      local l = cmsgpack.unpack(leased[i + 1])
      local rec = l[2]
      call('HDEL', base .. ':leased', leased[i])
      put_back(rec)
      if call('HGET', base .. ':busy', rec[R_BUDGET]) == string.format('%.0f', l[1]) then
        release(rec[R_BUDGET], rec[R_DOMAIN], (host_get(rec[R_BUDGET])))
      end
    end
  end
end

local function ended()
  local budget, domain, version, age, failed, retry_after = arg(), arg(), arg(), num(), num(), num()
  local crawl_delay, slow, jitter = num(), num(), num()
  if call('HGET', base .. ':busy', budget) ~= version then return end
  local next_allowed, own, level = host_get(budget)
  if crawl_delay >= 0 then own = crawl_delay end
  if failed == 1 then level = math.min(level + 1, 9) elseif age >= 0 and level > 0 then level = level - 1 end
  local delay = delay_of(own, level)
  if age >= 0 then next_allowed = math.max(next_allowed, now() - age + delay) end
  if slow == 1 then next_allowed = math.max(next_allowed, now() + 2 * delay) end
  if retry_after > 0 then
    next_allowed = math.max(next_allowed, now() + math.min(retry_after, 86400000))
  elseif failed == 1 then
    local pause = math.min(15000 * 2 ^ (level - 1), 3600000)
    next_allowed = math.max(next_allowed, now() + floor(pause * (1 + jitter / 2000)))
  end
  host_set(budget, next_allowed, own, level)
  release(budget, domain, next_allowed)
end

local function take_leased(member, version)
  local v = call('HGET', base .. ':leased', member)
  local l = v and cmsgpack.unpack(v)
  if not l or l[1] ~= version then return nil end
  call('HDEL', base .. ':leased', member)
  return l[2]
end

local FRONT = 1     -- claim_kind: a page with links
local DISCOVERY = 4 -- claim_kind: what it found, or why not, is not overwritten by the polls it begins

local FIRST_MS = 7 * 86400000 -- so long after a source was added first readings of its feeds and sitemaps share one bound

local function poll_health(rec, status, ok, items, accepted)
  local key = prefix .. ':source:' .. rec[R_SOURCE]
  local before = call('HMGET', key, 'url', 'polled', 'errors', 'first', 'added')
  if not before[1] then return end
  if rec[R_KIND] == DISCOVERY then call('HSET', key, 'discovery', status) end
  call('HSET', key, 'polled', now(), 'items', items)
  if status == 'ok' or status == 'not modified' then call('HDEL', key, 'status') else call('HSET', key, 'status', status) end
  if ok == 1 and before[3] then
    call('HDEL', key, 'errors', 'ok')
  elseif ok == 0 then
    if before[2] and not before[3] then call('HSET', key, 'ok', before[2]) end
    call('HINCRBY', key, 'errors', 1)
  end
  if accepted > 0 then call('HSET', key, 'new', now()) end
  if before[4] and now() - tonumber(before[5] or 0) > FIRST_MS then call('HDEL', key, 'first') end
end

local results = {
  -- closes: outcome, fingerprint and bucket of a redirect's end ('' = none), next re-check in ms (0: none), validators
  C = function(member, version)
    local outcome, value, bucket, recheck_in, etag, modified = arg(), arg(), num(), num(), arg(), arg()
    local rec = take_leased(member, version)
    if not rec then return end
    if value ~= '' then mark_seen(value, bucket) end
    close_request(rec[R_ID], version, outcome)
    if recheck_in > 0 then
      rec[R_STEP], rec[R_VIA] = rec[R_STEP] + 1, 'recheck'
      if etag ~= '' or modified ~= '' then rec[R_ETAG], rec[R_MODIFIED] = etag, modified end
      schedule_recheck(rec, recheck_in)
    end
  end,
  -- on its way: fingerprint and bucket of a redirect's end. The extractor may have closed it already
  S = function(member, version)
    local value, bucket = arg(), num()
    local rec = take_leased(member, version)
    if not rec then return end
    if value ~= '' then mark_seen(value, bucket) end
    if is_current(rec) then call('HSET', base .. ':sent', rec[R_ID], cmsgpack.pack({ now(), rec })) end
  end,
  -- another try: in ms, unconditionally
  R = function(member, version)
    local retry_in, unconditional = num(), num()
    local rec = take_leased(member, version)
    if not rec or not is_current(rec) then return end
    rec[R_ATTEMPTS] = rec[R_ATTEMPTS] + 1
    if unconditional == 1 then rec[R_ETAG], rec[R_MODIFIED] = '', '' end
    schedule('t', rec, now() + retry_in)
  end,
  -- not begun: as it was
  A = function(member, version)
    local rec = take_leased(member, version)
    if rec then put_back(rec) end
  end,
  -- a poll is done: validators, keep them, its schedule ('' = as it is), next in ms, status, ok, items, accepted, elsewhere
  P = function(member, version)
    local etag, modified, keep, plan, next_in = arg(), arg(), num(), arg(), num()
    local status, ok, items, accepted, elsewhere = arg(), num(), num(), num(), num()
    local leased = take_leased(member, version)
    local poll = string.sub(member, 2)
    local rec = leased and poll_get(poll)
    if not rec then return end
    poll_health(leased, status, ok, items, accepted) -- of the source it was read for
    if rec[R_SOURCE] ~= leased[R_SOURCE] or rec[R_POLLED] < leased[R_POLLED] then return poll_now(poll, rec) end -- others', too, by now
    if keep == 0 then
      rec[R_ETAG], rec[R_MODIFIED] = etag, modified
      if ok == 1 then rec[R_POLLED] = elsewhere == 1 and ELSEWHERE or READ end
    end
    if plan ~= '' then rec[R_SCHEDULE] = plan end
    poll_set(poll, rec, now() + next_in)
  end,
}

-- Of the polls of a share, what is due joins its budget's queue; at most so many. How many did.
local function promote_polls(field, most)
  local packed, n = call('HGET', base .. ':polls', field), 0
  local share = packed and cmsgpack.unpack(packed) or {}
  for i = #share - SHARE_STEP + 1, 1, -SHARE_STEP do
    if n < most and share[i + 1] > 0 and share[i + 1] * 1000 <= now() then
      local rec = poll_of(share[i], share[i + 2])
      local state = source_state(rec[R_SOURCE])
      n, share[i + 1] = n + 1, state == 'paused' and floor((now() + PAUSED_MS) / 1000) or 0
      if state == 'active' then
        enqueue(rec, 'u')
      elseif not state and poll_inherit(share[i], rec) then -- the source was removed
        share[i + 1], share[i + 2] = floor(now() / 1000), poll_pack(rec)
      elseif not state then
        for _ = 1, SHARE_STEP do table.remove(share, i) end
      end
    end
  end
  share_save(field, share)
  return n
end

-- What came due joins its budget's queue. A re-check is opened here, unless its URL is open anyway.
local function promote_item(member)
  local v = call('HGET', base .. ':items', member)
  local rec = v and cmsgpack.unpack(v)
  call('HDEL', base .. ':items', member)
  if rec and string.sub(member, 1, 1) == 'r' and not is_open(rec[R_ID]) then
    reopen(rec)
    enqueue(rec, 'n')
  elseif rec and string.sub(member, 1, 1) == 't' and is_current(rec) then
    enqueue(rec, 'n')
  end
end

local function promote()
  local n = 0
  for _, member in ipairs(call('ZRANGEBYSCORE', base .. ':due', '-inf', now(), 'LIMIT', 0, DUE_MAX)) do
    if n >= DUE_MAX then break end
    call('ZREM', base .. ':due', member)
    if string.sub(member, 1, 1) == 'P' then
      n = n + promote_polls(string.sub(member, 2), DUE_MAX - n)
    else
      n = n + 1
      promote_item(member)
    end
  end
end

-- What is to be handed out for this queued record: of a poll, what is known of it now. nil: it was closed or removed
-- meanwhile, or stands in line twice.
local function current(rec, budget)
  if rec[R_KIND] == PAGE then return queued(rec, budget) end
  local member = member_of(rec)
  if call('HEXISTS', base .. ':leased', member) == 1 then return nil end
  local poll, due = poll_get(string.sub(member, 2))
  return due == 0 and poll or nil
end

local drops = 0
local function pop(budget)
  for _, queue in ipairs({ ':qu:', ':qn:' }) do
    while drops < DROPS_MAX do
      local packed = call('LPOP', base .. queue .. budget)
      if not packed then break end
      local rec = current(cmsgpack.unpack(packed), budget)
      if rec then return rec, packed, queue end
      drops = drops + 1
    end
  end
end

-- The names of the sources that share a poll, one a line.
local function sharers_of(rec)
  local names = {}
  for i, one in ipairs(sharers_get(string.sub(member_of(rec), 2))) do names[i] = one[1] end
  return table.concat(names, '\n')
end

local function lease(budget, rec, start, delay, own, level)
  local version = math.max(now(), last_version() + 1, rec[R_OPENED] + 1)
  local text = string.format('%.0f', version)
  floor_version = version
  call('HSET', base .. ':leased', member_of(rec), cmsgpack.pack({ version, rec }))
  call('HSET', base .. ':busy', budget, text)
  call('ZREM', base .. ':budgets', budget)
  if rec[R_DOMAIN] ~= '' then call('HINCRBY', base .. ':caps', rec[R_DOMAIN], 1) end
  host_set(budget, start + delay, own, level)
  local told = call('HMGET', prefix .. ':source:' .. rec[R_SOURCE], 'refused', 'first')
  return { rec[R_KIND], rec[R_ID], rec[R_URL], rec[R_SOURCE], rec[R_VIA], budget, rec[R_DOMAIN], rec[R_HINTS], rec[R_ETAG],
           rec[R_MODIFIED], text, rec[R_OPENED], rec[R_DISCOVERED], start - now(), delay, rec[R_ATTEMPTS], rec[R_STEP],
           rec[R_POLLED] or 0, rec[R_SCHEDULE] or '',
           rec[R_KIND] == FRONT and call('GET', prefix .. ':shapes:' .. rec[R_SOURCE]) or '',
           rec[R_KIND] ~= PAGE and sharers_of(rec) or '', told[1] or '', tonumber(told[2] or 0) }
end

local answer = { 1, -1 }
local function serve(budget, horizon)
  local next_allowed, own, level = host_get(budget)
  local delay = delay_of(own, level)
  local start = math.max(now(), next_allowed, takeover > 0 and takeover + delay or 0)
  if start > horizon then
    call('ZADD', base .. ':budgets', start, budget)
    return
  end
  local rec, packed, queue = pop(budget)
  if not rec then
    if drops < DROPS_MAX then call('ZREM', base .. ':budgets', budget) end
  elseif rec[R_DOMAIN] ~= '' and tonumber(call('HGET', base .. ':caps', rec[R_DOMAIN]) or 0) >= cap then
    call('LPUSH', base .. queue .. budget, packed)
    call('ZREM', base .. ':budgets', budget)
    call('ZADD', base .. ':capped', 0, rec[R_DOMAIN] .. '\n' .. budget)
  else
    answer[#answer + 1] = lease(budget, rec, start, delay, own, level)
  end
end

local function claim()
  local horizon, before = now() + lookahead, last_version()
  for _, budget in ipairs(call('ZRANGEBYSCORE', base .. ':budgets', '-inf', horizon, 'LIMIT', 0, wanted * 2 + 8)) do
    if #answer - 2 >= wanted or drops >= DROPS_MAX then break end
    serve(budget, horizon)
  end
  if last_version() ~= before then call('HSET', base .. ':row', 'version', string.format('%.0f', last_version())) end
end

local function head(key)
  local first = call('ZRANGE', base .. key, 0, 0, 'WITHSCORES')
  return first[1] and tonumber(first[2])
end

local lost_answer, known = num() == 1, {}
for _ = 1, num() do known[arg()] = true end
if lost_answer then reconcile(known) end
for _ = 1, num() do ended() end
for _ = 1, num() do results[arg()](arg(), num()) end
promote()
if wanted > 0 then claim() end
seen_save()
local due, budgets = head(':due'), head(':budgets')
local first = math.min(due or math.huge, budgets and budgets - lookahead or math.huge)
if first < math.huge then answer[2] = math.max(0, floor(first - now())) end
return answer
end)()
