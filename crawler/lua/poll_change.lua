-- Removes a source's poll, or makes it due at once. KEYS: partition, prefix. ARGV: id, source, what (remove | now).
partition(KEYS[1], KEYS[2])
local v = call('HGET', base .. ':polls', ARGV[1])
if not v or cmsgpack.unpack(v)[R_SOURCE] ~= ARGV[2] then return 0 end
local member = 'p' .. ARGV[1]
if ARGV[3] == 'now' then
  if call('HEXISTS', base .. ':leased', member) == 0 then call('ZADD', base .. ':due', now(), member) end
else
  call('HDEL', base .. ':polls', ARGV[1])
  call('ZREM', base .. ':due', member)
end
return 1
