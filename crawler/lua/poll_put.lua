-- Sees to it that a source polls an address; a schedule that exists is kept, unless its source is no longer watched.
-- KEYS: partition, prefix. ARGV: id, url, source, kind, budget, domain, due in ms. Answer: 1 if it is new.
partition(KEYS[1], KEYS[2])
local rec = record({ id = ARGV[1], url = ARGV[2], source = ARGV[3], kind = tonumber(ARGV[4]), budget = ARGV[5], domain = ARGV[6] })
local member = member_of(rec)
local poll = string.sub(member, 2)
local known, due = poll_get(poll)
if known and known[R_SOURCE] ~= ARGV[3] and not source_state(known[R_SOURCE]) then known, due = nil, 0 end
if call('HEXISTS', base .. ':leased', member) == 0 and (due or 0) == 0 then due = now() + tonumber(ARGV[7]) end
poll_set(poll, known or rec, due or 0)
return known and 0 or 1
