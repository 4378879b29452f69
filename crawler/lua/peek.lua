-- When is the next thing due in each of these partitions? Others queue into ours without telling. KEYS: partitions. ARGV:
-- lookahead ms. Answer: ms until a call is worth it, for each; -1: nothing waits.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local answer = {}
for i, base in ipairs(KEYS) do
  local first = math.huge
  local due = redis.call('ZRANGE', base .. ':due', 0, 0, 'WITHSCORES')
  local budget = redis.call('ZRANGE', base .. ':budgets', 0, 0, 'WITHSCORES')
  if due[2] then first = tonumber(due[2]) end
  if budget[2] then first = math.min(first, tonumber(budget[2]) - tonumber(ARGV[1])) end
  answer[i] = first < math.huge and math.max(0, math.floor(first - now)) or -1
end
return answer
