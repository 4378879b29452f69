-- What is left to do, by source that is watched. KEYS: prefix, partitions. ARGV: 1 = make every poll due now.
-- Answer: {open requests, source, polls due or out, when its next one is due (ms; 0: none), …}.
local open, sources, order = 0, {}, {}

local function source_of(name)
  local s = sources[name]
  if s == nil then
    local state = call('HGET', KEYS[1] .. ':source:' .. name, 'state')
    s = state and state ~= 'paused' and { 0, 0 }
    sources[name] = s
    if s then order[#order + 1] = name end
  end
  return s
end

local function add(s, member)
  local at = tonumber(call('ZSCORE', base .. ':due', member) or 0)
  if ARGV[1] == '1' and at > now() then
    at = now()
    call('ZADD', base .. ':due', at, member)
  end
  if at <= now() then s[1] = s[1] + 1 end
  if at > 0 and (s[2] == 0 or at < s[2]) then s[2] = at end
end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  for bucket = 0, 63 do open = open + call('HLEN', base .. ':open:' .. bucket) end
  local polls = call('HGETALL', base .. ':polls')
  for j = 1, #polls, 2 do
    local s = source_of(cmsgpack.unpack(polls[j + 1])[R_SOURCE])
    if s then add(s, 'p' .. polls[j]) end
  end
end
local answer = { open }
for _, name in ipairs(order) do
  for _, v in ipairs({ name, sources[name][1], sources[name][2] }) do answer[#answer + 1] = v end
end
return answer
