-- All books in one look, so that they agree: open requests by source, day of opening and stage, and the counters. KEYS: prefix,
-- partitions. ARGV: source ('' = all), requests open at most, then the counters' keys.
-- Answer: {0} when more are open; else {1, {source, day, stage, n, …}, {field, n, …} for each key}.
local sums, open = {}, 0

local function stage_of(id)
  if call('HEXISTS', base .. ':leased', 'u' .. id) == 1 then return 'fetching' end
  if call('HEXISTS', base .. ':sent', id) == 1 then return 'on_its_way' end
  return 'queued'
end

local function add_bucket(bucket)
  local entries = call('HGETALL', base .. ':open:' .. bucket)
  for i = 1, #entries, 2 do
    local at, source = (struct.unpack('>I6', entries[i + 1])), string.sub(entries[i + 1], 7)
    if ARGV[1] == '' or ARGV[1] == source then
      local key = source .. '\n' .. day_of(at) .. '\n' .. stage_of(entries[i])
      sums[key] = (sums[key] or 0) + 1
    end
  end
end

for i = 2, #KEYS do
  for bucket = 0, 63 do open = open + call('HLEN', KEYS[i] .. ':open:' .. bucket) end
  if open > tonumber(ARGV[2]) then return { 0 } end
end
for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  for bucket = 0, 63 do add_bucket(bucket) end
end
local rows = {}
for key, n in pairs(sums) do
  local source, day, stage = string.match(key, '^(.*)\n(.*)\n(.*)$')
  for _, v in ipairs({ source, day, stage, n }) do rows[#rows + 1] = v end
end
local answer = { 1, rows }
for i = 3, #ARGV do answer[#answer + 1] = call('HGETALL', ARGV[i]) end
return answer
