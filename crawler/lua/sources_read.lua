-- Rows of the sources that changed after a version, oldest change first. KEYS: names, version. ARGV: prefix, version, rows at
-- most. Answer: {version now, how many sources there are (-1: as many as before, nothing has changed), version of the last row
-- given (or now, when these are all), then for each: name, {field, value…}}. Every crawler asks each second.
local now = tonumber(redis.call('GET', KEYS[2]) or 0)
if now == tonumber(ARGV[2]) then return { now, -1, now } end
local limit = tonumber(ARGV[3])
local changed, count = names_after(ARGV[2])
local answer = { now, count, #changed <= limit and now or changed[limit][1] }
for i = 1, math.min(limit, #changed) do
  local name = changed[i][2]
  answer[#answer + 1] = name
  answer[#answer + 1] = redis.call('HGETALL', ARGV[1] .. ':source:' .. name)
end
return answer
