-- Budgets of one partition. KEYS: partition, prefix. ARGV: only this budget ('' = all). Answer: {budget, next request allowed at,
-- delay it asked for (ms), back-off level, a request is out, waits for a place below its domain, urgent and other requests
-- queued, …}.
partition(KEYS[1], KEYS[2])
local all, order, capped = {}, {}, {}
local function add(budget)
  if not all[budget] and (ARGV[1] == '' or ARGV[1] == budget) then
    all[budget] = true
    order[#order + 1] = budget
  end
end
for _, member in ipairs(call('ZRANGE', base .. ':capped', 0, -1)) do
  local budget = string.match(member, '\n(.*)$')
  capped[budget] = true
  add(budget)
end
for _, budget in ipairs(call('HKEYS', base .. ':hosts')) do add(budget) end
for _, budget in ipairs(call('ZRANGE', base .. ':budgets', 0, -1)) do add(budget) end
for _, budget in ipairs(call('HKEYS', base .. ':busy')) do add(budget) end
local answer = {}
for _, budget in ipairs(order) do
  local next_allowed, own, level = host_get(budget)
  local values = { budget, next_allowed, own, level, call('HEXISTS', base .. ':busy', budget), capped[budget] and 1 or 0,
                   call('LLEN', base .. ':qu:' .. budget), call('LLEN', base .. ':qn:' .. budget) }
  for _, v in ipairs(values) do answer[#answer + 1] = v end
end
return answer
