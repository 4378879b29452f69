-- Takes a partition that is free, lapsed or our own, under a fresh token; what its last holder had claimed is queued again.
-- A holder that did not give it back may have sent a request a moment ago: `takeover` makes every host wait one delay.
-- KEYS: partition, prefix. ARGV: worker, lease ms, token. Answer: {1}, or {0, ms until it lapses}.
partition(KEYS[1], KEYS[2])
local row = call('HMGET', base .. ':row', 'owner', 'until', 'token')
local held_until = tonumber(row[2] or 0)
if row[3] and row[1] ~= ARGV[1] and held_until > now() then return { 0, held_until - now() } end

local leased = call('HVALS', base .. ':leased')
call('DEL', base .. ':leased')
for _, packed in ipairs(leased) do
  local rec = cmsgpack.unpack(packed)[2]
  if rec[R_KIND] ~= PAGE then
    enqueue(rec, 'u')
  elseif is_current(rec) then
    enqueue(rec, 'n', true)
  end
end
local waiting = call('HKEYS', base .. ':busy')
for _, member in ipairs(call('ZRANGE', base .. ':capped', 0, -1)) do waiting[#waiting + 1] = string.match(member, '\n(.*)$') end
call('DEL', base .. ':busy', base .. ':caps', base .. ':capped')
for _, budget in ipairs(waiting) do wake(budget) end

if row[3] then call('HSET', base .. ':row', 'takeover', now()) end
call('HSET', base .. ':row', 'owner', ARGV[1], 'token', ARGV[3], 'until', now() + tonumber(ARGV[2]))
return { 1 }
