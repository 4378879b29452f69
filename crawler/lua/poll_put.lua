-- Sees to it that a source polls an address; a schedule that exists is kept, unless its source is no longer watched. KEYS: partition, prefix. ARGV: id, url, source,
-- kind, budget, domain, due in ms. Answer: 1 if it is new.
partition(KEYS[1], KEYS[2])
local rec = record({ id = ARGV[1], url = ARGV[2], source = ARGV[3], kind = tonumber(ARGV[4]), budget = ARGV[5], domain = ARGV[6] })
local member = member_of(rec)
local poll = string.sub(member, 2)
local v = call('HGET', base .. ':polls', poll)
local owner = v and cmsgpack.unpack(v)[R_SOURCE]
if owner and owner ~= ARGV[3] and call('HEXISTS', prefix .. ':source:' .. owner, 'state') == 0 then
  call('HDEL', base .. ':polls', poll)
  call('ZREM', base .. ':due', member)
end
local new = call('HSETNX', base .. ':polls', poll, cmsgpack.pack(rec))
if call('HEXISTS', base .. ':leased', member) == 0 then call('ZADD', base .. ':due', 'NX', now() + tonumber(ARGV[7]), member) end
return new
