-- A poll was led to another address of its budget, for this time: is that one polled, or does another poll lead there? Then
-- the address itself is what is to be polled, once for all. Else it is noted that this poll reads it.
-- KEYS: partition, prefix. ARGV: id of the poll, kind, id of the end, for how many ms to note it. Answer: 1 or 0.
partition(KEYS[1], KEYS[2])
local own, there = ARGV[2] .. ARGV[1], ARGV[2] .. ARGV[3]

local function reads(poll)
  local rec = poll and poll ~= own and poll_get(poll)
  return rec and rec[R_POLLED] ~= ELSEWHERE and is_watched(rec[R_SOURCE])
end

local key = base .. ':end:' .. there
if reads(there) or reads(call('GET', key)) then return 1 end
call('SET', key, own, 'PX', ARGV[4])
return 0
