-- What the frontier knows of one URL; changes nothing. KEYS: partition, prefix. ARGV: id, fingerprint, bucket.
-- Answer: {now, seen, stage ('' = not open), opened at, source, next re-check (0 = none), next try (0 = none), worker that holds
-- the partition ('' = none), worker that extracts it ('' = none), who holds it as a canonical ('' = nobody)}.
partition(KEYS[1], KEYS[2])
local id = ARGV[1]

local function due(letter)
  return tonumber(call('ZSCORE', base .. ':due', letter .. id) or 0)
end

local stage, at, source = '', is_open(id)
if at then
  stage = 'queued'
  if call('HEXISTS', base .. ':leased', 'u' .. id) == 1 then
    stage = 'fetching'
  elseif call('HEXISTS', base .. ':sent', id) == 1 then
    stage = 'on_its_way'
  end
end

local row = call('HMGET', base .. ':row', 'owner', 'until')
local owner = row[1] and tonumber(row[2] or 0) > now() and row[1] or ''
local working = call('HGET', base .. ':working', id)
local claim = call('HGET', base .. ':canon:' .. (string.byte(id) % 64), id)
return { now(), seen(ARGV[2], tonumber(ARGV[3])) and 1 or 0, stage, at or 0, source or '', due('r'), due('t'), owner,
         working and cmsgpack.unpack(working)[1] or '', claim and string.sub(claim, 1, 16) or '' }
