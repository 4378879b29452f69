-- A hub says, signed, that a feed has something new: its poll is due at once, or 10 s after the last push. KEYS: partition,
-- prefix, row. ARGV: id, kind. Answer: 1 if there is such a poll.
partition(KEYS[1], KEYS[2])
local poll = ARGV[2] .. ARGV[1]
local last = tonumber(call('HGET', KEYS[3], 'pushed_at') or 0)
local due = last > now() and last or math.max(now(), last + 10000) -- one that is to come already counts for all before it
call('HSET', KEYS[3], 'pushed_at', due)
local rec, waits = poll_get(poll)
if not rec then return 0 end
if call('HEXISTS', base .. ':leased', 'p' .. poll) == 0 and (waits == 0 or due < waits) then poll_set(poll, rec, due) end
return 1
