-- Sees to it that a source polls an address; a schedule that exists is kept. An address that another source polls is polled for
-- one of them: the one whose site it is, else who had it first; the other waits for it to go (poll_share).
-- KEYS: partition, prefix. ARGV: id, url, source, kind, budget, domain, due in ms, read before (1: it was, at an address that
-- led here). Answer: 1 if it is new, words if
-- too many share it.
partition(KEYS[1], KEYS[2])
local source, budget = ARGV[3], ARGV[5]
local rec = record({ id = ARGV[1], url = ARGV[2], source = source, kind = tonumber(ARGV[4]), budget = budget, domain = ARGV[6] })
local member = member_of(rec)
local poll = string.sub(member, 2)
local known, due = poll_get(poll)
rec[R_POLLED] = tonumber(ARGV[8])
if known and known[R_SOURCE] ~= source then
  local watched = is_watched(known[R_SOURCE])
  if watched and (is_home(known[R_SOURCE], budget) or not is_home(source, budget)) then
    return poll_share(poll, known, source, ARGV[2]) or 0
  end
  poll_unshare(poll, source)
  if watched then poll_share(poll, rec, known[R_SOURCE], known[R_URL]) end
  known, due = nil, 0
end
if call('HEXISTS', base .. ':leased', member) == 0 and (due or 0) == 0 then due = now() + tonumber(ARGV[7]) end
poll_set(poll, known or rec, due or 0)
return known and 0 or 1
