-- What some partitions hold, summed. KEYS: prefix, partitions. Answer: {open, being fetched, on their way, scheduled tries and
-- re-checks, polls, polls due or out, budgets known, budgets backing off, URLs in the seen set, partitions held, owner of each
-- that is held…}.
local open, fetching, sent, scheduled, polls, due, budgets, backing_off, marked, owners = 0, 0, 0, 0, 0, 0, 0, 0, 0, {}
local function add(key) return call('HLEN', base .. key) end

for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  for bucket = 0, 63 do open = open + add(':open:' .. bucket) end
  for _, member in ipairs(call('HKEYS', base .. ':leased')) do
    if string.sub(member, 1, 1) == 'u' then fetching = fetching + 1 else due = due + 1 end
  end
  sent, scheduled = sent + add(':sent'), scheduled + add(':items')
  local all = polls_all()
  polls = polls + #all / SHARE_STEP
  for j = 2, #all, SHARE_STEP do
    if all[j] > 0 and all[j] * 1000 <= now() then due = due + 1 end
  end
  for _, packed in ipairs(call('HVALS', base .. ':hosts')) do
    local next_allowed, _, level = struct.unpack('>I6I4I1', packed)
    budgets = budgets + 1
    if level > 0 or next_allowed > now() + 60000 then backing_off = backing_off + 1 end
  end
  local row = call('HMGET', base .. ':row', 'owner', 'until', 'gens')
  if row[1] and tonumber(row[2] or 0) > now() then owners[#owners + 1] = row[1] end
  if row[3] then for _, g in ipairs(cmsgpack.unpack(row[3])) do marked = marked + g[3] end end
end
local answer = { open, fetching, sent, scheduled, polls, due, budgets, backing_off, marked, #owners }
for _, owner in ipairs(owners) do answer[#answer + 1] = owner end
return answer
