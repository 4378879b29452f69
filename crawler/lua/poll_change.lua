-- Removes a source's poll, or makes it due at once. KEYS: partition, prefix. ARGV: id, kind, source, what (remove | now).
-- Answer: 1, or 0 when there is no such poll.
partition(KEYS[1], KEYS[2])
local poll = ARGV[2] .. ARGV[1]
local rec = poll_get(poll)
if not rec or rec[R_SOURCE] ~= ARGV[3] then return 0 end
if ARGV[4] == 'remove' then
  if not poll_pass_on(poll, rec) then poll_remove(poll) end
else
  poll_now(poll, rec)
end
return 1
