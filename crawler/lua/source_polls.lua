-- What happens to all polls of some sources in some partitions. KEYS: prefix, partitions. ARGV: what (remove | stop: none is
-- due | now: all are due), names. Answer: how many there were.
local named, n = {}, 0
for i = 2, #ARGV do named[ARGV[i]] = true end

local function change(poll)
  local member = 'p' .. poll
  if ARGV[1] == 'remove' then call('HDEL', base .. ':polls', poll) end
  if ARGV[1] ~= 'now' then
    call('ZREM', base .. ':due', member)
  elseif call('HEXISTS', base .. ':leased', member) == 0 then
    call('ZADD', base .. ':due', now(), member)
  end
  n = n + 1
end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  local polls = call('HGETALL', base .. ':polls')
  for j = 1, #polls, 2 do
    if named[cmsgpack.unpack(polls[j + 1])[R_SOURCE]] then change(polls[j]) end
  end
end
return n
