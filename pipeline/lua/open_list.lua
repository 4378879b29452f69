-- Open requests of one partition, by name. KEYS: partition, prefix. ARGV: source ('' = all), how many at most.
-- Answer: {id, stage, opened at, source, url ('' = not found), …}.
partition(KEYS[1], KEYS[2])
local left, found, order = tonumber(ARGV[2]), {}, {}

for bucket = 0, 63 do
  if left == 0 then break end
  local entries = call('HGETALL', base .. ':open:' .. bucket)
  for i = 1, #entries, 2 do
    local at, source = (struct.unpack('>I6', entries[i + 1])), string.sub(entries[i + 1], 7)
    if left > 0 and (ARGV[1] == '' or ARGV[1] == source) then
      found[entries[i]] = { entries[i], 'queued', at, source, '' }
      order[#order + 1] = entries[i]
      left = left - 1
    end
  end
end
if #order == 0 then return {} end

local function name(rec)
  if rec[R_KIND] == PAGE and found[rec[R_ID]] then found[rec[R_ID]][5] = full_url(rec[R_URL]) end
end

for _, id in ipairs(order) do
  local leased = call('HGET', base .. ':leased', 'u' .. id)
  local sent = call('HGET', base .. ':sent', id)
  local later = call('HGET', base .. ':items', 't' .. id)
  if leased then
    found[id][2] = 'fetching'
    name(cmsgpack.unpack(leased)[2])
  elseif sent then
    found[id][2] = 'on_its_way'
    name(cmsgpack.unpack(sent)[2])
  elseif later then
    name(cmsgpack.unpack(later))
  end
end

-- The rest stands in the queues of its budgets: the first of each are looked at.
local budgets = call('ZRANGE', base .. ':budgets', 0, 99)
for _, budget in ipairs(call('HKEYS', base .. ':busy')) do budgets[#budgets + 1] = budget end
for _, member in ipairs(call('ZRANGE', base .. ':capped', 0, 99)) do budgets[#budgets + 1] = string.match(member, '\n(.*)$') end
for _, budget in ipairs(budgets) do
  for _, queue in ipairs({ ':qu:', ':qn:' }) do
    for _, packed in ipairs(call('LRANGE', base .. queue .. budget, 0, 199)) do name(cmsgpack.unpack(packed)) end
  end
end
local answer = {}
for _, id in ipairs(order) do
  for _, v in ipairs(found[id]) do answer[#answer + 1] = v end
end
return answer
