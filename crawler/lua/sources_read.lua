-- Rows of the sources that changed after a version, oldest change first. KEYS: names, version. ARGV: prefix, version, rows at
-- most. Answer: {version now, how many sources there are, version of the last row given (or now, when these are all), then
-- for each: name, {field, value…}}.
local now = tonumber(redis.call('GET', KEYS[2]) or 0)
local limit = tonumber(ARGV[3])
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
local answer = { now, redis.call('ZCARD', KEYS[1]), #names < 2 * limit and now or tonumber(names[#names]) }
for i = 1, #names, 2 do
  answer[#answer + 1] = names[i]
  answer[#answer + 1] = redis.call('HGETALL', ARGV[1] .. ':source:' .. names[i])
end
return answer
