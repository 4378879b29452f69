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
    poll_now(poll, rec)
  elseif not poll_pass_on(poll, rec) then
    if what == 'stop' then poll_set(poll, rec, 0) else poll_remove(poll) end
  end
  n = n + 1
end

-- Those of the sources that wait for another's poll: none waits any more, or the one that takes over does.
local function change_sharers(poll, list)
  for _, one in ipairs(list) do
    if named[one[1]] then
      poll_unshare(poll, one[1])
      local rec = what == 'move' and poll_get(poll)
      if rec and rec[R_SOURCE] ~= ARGV[3] then poll_share(poll, rec, ARGV[3], one[2]) end
    end
  end
end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  local also = what ~= 'now' and call('HGETALL', base .. ':also') or {}
  for j = 1, #also, 2 do change_sharers(also[j], cmsgpack.unpack(also[j + 1])) end
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
