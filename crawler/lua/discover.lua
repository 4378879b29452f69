-- Decides each URL found, in order: seen, filtered or accepted; marks, opens, queues and counts in this one call.
-- KEYS: partition, prefix. ARGV: n, then for each: id, fingerprint, bucket, url, source, via, budget, domain ('' = the
-- budget), hints, filter reason ('' = none), flags (m: remember what is filtered, f: fetch though seen, r: counts as reopened,
-- u: urgent, p: of the past, on a first reading), due in ms; then, if there is one, the most that a source may have accepted a
-- day: what is new beyond it is filtered (cap), not remembered, and so asked about again; and the most of its past that a source may
-- have accepted in all: what is beyond it is old. Answer: a letter each, a accepted, s seen, f filtered.
partition(KEYS[1], KEYS[2])
local verdicts, sums, accepted, today, past = {}, {}, {}, {}, {}
local day = day_of(math.max(now(), last_version()))
local cap, past_most = tonumber(ARGV[2 + tonumber(ARGV[1]) * 12] or 0), tonumber(ARGV[3 + tonumber(ARGV[1]) * 12] or 0)

local function add(source, field)
  local of = sums[source]
  if not of then of = {}; sums[source] = of end
  of[field] = (of[field] or 0) + 1
end

local function is_full(source)
  if cap == 0 then return false end
  if not today[source] then today[source] = tonumber(call('HGET', prefix .. ':ledger:' .. source .. ':' .. day, 'accepted') or 0) end
  return today[source] + (sums[source].accepted or 0) >= cap
end

-- What first readings of the source have brought, counted in its row: true when this one more is too much.
local function is_past_full(source)
  local key = prefix .. ':source:' .. source
  if not past[source] then past[source] = tonumber(call('HGET', key, 'first') or 0) end
  if past[source] >= past_most then return true end
  past[source] = past[source] + 1
  if call('HEXISTS', key, 'url') == 1 then call('HSET', key, 'first', past[source]) end
  return false
end

local function decide(a)
  local id, value, bucket, source, reason, flags = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2]), ARGV[a + 4], ARGV[a + 9], ARGV[a + 10]
  local has = function(flag) return string.find(flags, flag, 1, true) end
  add(source, has('r') and 'reopened' or 'found')
  if reason ~= '' then
    if has('m') and mark_seen(value, bucket) then add(source, 'seen') return 's' end
    add(source, 'filtered:' .. reason)
    return 'f'
  end
  if not has('f') and not has('r') and is_full(source) and not seen(value, bucket) then
    add(source, 'filtered:cap')
    return 'f'
  end
  local was_seen = mark_seen(value, bucket)
  if (was_seen and not has('f')) or is_open(id) then add(source, 'seen') return 's' end
  if has('p') and is_past_full(source) then add(source, 'filtered:old') return 'f' end
  local at = open_request(id, source)
  add(source, 'accepted')
  local rec = { id, ARGV[a + 3], source, PAGE, ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], at, at, ARGV[a + 8], '', '', 0, 0 }
  local due_in = tonumber(ARGV[a + 11])
  if due_in > 0 then
    schedule('t', rec, now() + due_in)
  elseif has('u') then
    enqueue(rec, 'u')
  else
    accepted[#accepted + 1] = rec
  end
  return 'a'
end

for i = 1, tonumber(ARGV[1]) do verdicts[i] = decide(2 + (i - 1) * 12) end
for i = #accepted, 1, -1 do enqueue(accepted[i], 'n', true) end -- so that the first is at the head
for source, fields in pairs(sums) do
  for field, n in pairs(fields) do count(source, day, field, n) end
end
seen_save()
return table.concat(verdicts)
