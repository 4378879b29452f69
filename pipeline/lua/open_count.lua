-- Counts the open requests of one partition by source, day of opening and stage. KEYS: partition, prefix. ARGV: source ('' =
-- all). Answer: {source, day, stage, n, …}.
partition(KEYS[1], KEYS[2])
local sums = {}
for bucket = 0, 63 do
  local entries = call('HGETALL', base .. ':open:' .. bucket)
  for i = 1, #entries, 2 do
    local at, source = (struct.unpack('>I6', entries[i + 1])), string.sub(entries[i + 1], 7)
    if ARGV[1] == '' or ARGV[1] == source then
      local id, stage = entries[i], 'queued'
      if call('HEXISTS', base .. ':leased', 'u' .. id) == 1 then
        stage = 'fetching'
      elseif call('HEXISTS', base .. ':sent', id) == 1 then
        stage = 'on_its_way'
      end
      local key = source .. '\n' .. day_of(at) .. '\n' .. stage
      sums[key] = (sums[key] or 0) + 1
    end
  end
end
local answer = {}
for key, n in pairs(sums) do
  local source, day, stage = string.match(key, '^(.*)\n(.*)\n(.*)$')
  for _, v in ipairs({ source, day, stage, n }) do answer[#answer + 1] = v end
end
return answer
