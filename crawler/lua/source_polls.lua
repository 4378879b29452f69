-- What happens to all polls of some sources in some partitions. KEYS: prefix, partitions. ARGV: what, names.
--   remove | stop (none is due) | now (all are due): names of the sources
--   move: the source, and the one of the same site that takes them over
-- Answer: how many there were.
local DISCOVERY = '4' -- claim_kind: the looking for polls
local what, named, n = ARGV[1], {}, 0
for i = 2, what == 'move' and 2 or #ARGV do named[ARGV[i]] = true end

local function change(poll, rec)
  local member = 'p' .. poll
  if what == 'move' and string.sub(poll, 1, 1) ~= DISCOVERY then
    rec[R_SOURCE] = ARGV[3]
    poll_set(poll, rec)
  elseif what == 'now' then
    if call('HEXISTS', base .. ':leased', member) == 0 then call('ZADD', base .. ':due', now(), member) end
  else
    if what ~= 'stop' then call('HDEL', base .. ':polls', poll) end
    call('ZREM', base .. ':due', member)
  end
  n = n + 1
end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  local polls = call('HGETALL', base .. ':polls')
  for j = 1, #polls, 2 do
    local rec = poll_of(polls[j], polls[j + 1])
    if named[rec[R_SOURCE]] then change(polls[j], rec) end
  end
end
if what == 'move' then
  local key, says = KEYS[1] .. ':source:' .. ARGV[2], 'the same site as ' .. ARGV[3]
  if call('EXISTS', key) == 1 then call('HSET', key, 'discovery', says, 'status', says, 'last_poll_at', now(), 'errors', 0) end
end
return n
