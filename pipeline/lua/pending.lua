-- What is left to do, by source that is watched, in as many of the partitions as one call may look at. KEYS: prefix, partitions.
-- ARGV: 1 = make every poll due now.
-- Answer: {partitions looked at, open requests in them, source, polls due or out, when its next one is due (ms; 0: none), …}.
local WORK_MAX = 4000 -- calls and polls: some 4 ms of Redis's time; the partition that passes it is finished
local work, looked, open, sources, order = 0, 0, 0, {}, {}

local function source_of(name)
  local s = sources[name]
  if s == nil then
    s = source_state(name) == 'active' and { 0, 0 }
    sources[name] = s
    if s then order[#order + 1] = name end
  end
  return s
end

local function add(s, poll, at, rec)
  if ARGV[1] == '1' and at > now() then
    at = now()
    poll_set(poll, rec, at)
  end
  if at <= now() then s[1] = s[1] + 1 end
  if at > 0 and (s[2] == 0 or at < s[2]) then s[2] = at end
end

while looked < #KEYS - 1 and work < WORK_MAX do
  looked = looked + 1
  partition(KEYS[looked + 1], KEYS[1])
  for bucket = 0, 63 do open = open + call('HLEN', base .. ':open:' .. bucket) end
  local polls = polls_all()
  for j = 1, #polls, SHARE_STEP do
    local rec = poll_of(polls[j], polls[j + 2])
    local s = source_of(rec[R_SOURCE])
    if s then add(s, polls[j], polls[j + 1] * 1000, rec) end
  end
  work = work + 64 + #polls / SHARE_STEP
end
local answer = { looked, open }
for _, name in ipairs(order) do
  for _, v in ipairs({ name, sources[name][1], sources[name][2] }) do answer[#answer + 1] = v end
end
return answer
