-- What happens to all polls of some sources in some partitions. KEYS: prefix, partitions. ARGV: what, names.
--   remove | stop (none is due) | now (all are due): names of the sources
--   move: the source, and the one of the same site that takes them over
-- Answer: how many there were.
local DISCOVERY = '4' -- claim_kind: the looking for polls
local what, named, n = ARGV[1], {}, 0
for i = 2, what == 'move' and 2 or #ARGV do named[ARGV[i]] = true end

local function change(poll, due, rec)
  if what == 'move' and string.sub(poll, 1, 1) ~= DISCOVERY then
    rec[R_SOURCE] = ARGV[3]
    poll_set(poll, rec, due * 1000)
  elseif what == 'now' then
    if call('HEXISTS', base .. ':leased', 'p' .. poll) == 0 then poll_set(poll, rec, now()) end
  elseif what == 'stop' then
    poll_set(poll, rec, 0)
  else
    poll_remove(poll)
  end
  n = n + 1
end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  local polls = polls_all()
  for j = 1, #polls, SHARE_STEP do
    local rec = poll_of(polls[j], polls[j + 2])
    if named[rec[R_SOURCE]] then change(polls[j], polls[j + 1], rec) end
  end
end
if what == 'move' then
  local key, says = KEYS[1] .. ':source:' .. ARGV[2], 'the same site as ' .. ARGV[3]
  if call('EXISTS', key) == 1 then
    call('HSET', key, 'discovery', says, 'status', says, 'polled', now())
    call('HDEL', key, 'errors', 'ok')
  end
end
return n
