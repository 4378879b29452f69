-- Housekeeping of one partition, a little a call: generations of the seen set that are over, requests on their way for longer
-- than `pages` keeps them (queued again, unconditionally: the page may be gone), hosts that nothing is known of any more.
-- KEYS: partition, prefix. ARGV: retention of pages ms. Answer: {requests queued again, 1 if there is more to do}.
partition(KEYS[1], KEYS[2])
local again, more = 0, 0

local drop = call('LINDEX', base .. ':drops', 0)
if drop then
  local number, left = string.match(drop, '^(%d+) (%d+)$')
  local keys = {}
  for i = math.max(0, left - 200), left - 1 do keys[#keys + 1] = base .. ':s:' .. number .. ':' .. i end
  call('UNLINK', unpack(keys))
  if left - 200 > 0 then
    call('LSET', base .. ':drops', 0, number .. ' ' .. (left - 200))
  else
    call('LPOP', base .. ':drops')
  end
  more = 1
end

local function walk(key, cursor_field, visit)
  local cursor = call('HGET', base .. ':row', cursor_field) or '0'
  local page = call('HSCAN', base .. key, cursor, 'COUNT', 100)
  for i = 1, #page[2], 2 do visit(page[2][i], page[2][i + 1]) end
  if page[1] ~= '0' then
    call('HSET', base .. ':row', cursor_field, page[1])
    more = 1
  elseif cursor ~= '0' then
    call('HDEL', base .. ':row', cursor_field)
  end
end

local overdue = now() - tonumber(ARGV[1])
walk(':sent', 'sweep_sent', function(id, packed)
  local sent = cmsgpack.unpack(packed)
  if sent[1] >= overdue then return end
  call('HDEL', base .. ':sent', id)
  local rec = sent[2]
  if not is_current(rec) then return end
  rec[R_ETAG], rec[R_MODIFIED], rec[R_VIA] = '', '', 'recheck' -- where it led is seen by now and must not end it
  enqueue(rec, 'n', true)
  again = again + 1
end)
walk(':hosts', 'sweep_hosts', function(budget, packed)
  local next_allowed, own, level = struct.unpack('>I6I4I1', packed)
  if next_allowed < now() - 60000 and own == 0 and level == 0 and call('HEXISTS', base .. ':busy', budget) == 0 then
    call('HDEL', base .. ':hosts', budget)
  end
end)
return { again, more }
