-- Sees to it that a source polls an address; a schedule that exists is kept. KEYS: partition, prefix. ARGV: id, url, source,
-- kind, budget, domain, due in ms. Answer: 1 if it is new.
partition(KEYS[1], KEYS[2])
local rec = record({ id = ARGV[1], url = ARGV[2], source = ARGV[3], kind = tonumber(ARGV[4]), budget = ARGV[5], domain = ARGV[6] })
local member = member_of(rec)
local new = call('HSETNX', base .. ':polls', string.sub(member, 2), cmsgpack.pack(rec))
if call('HEXISTS', base .. ':leased', member) == 0 then call('ZADD', base .. ':due', 'NX', now() + tonumber(ARGV[7]), member) end
return new
