-- Reserves one more slot of the budget of a claim that is out (robots.txt, a redirect, a retry at once). Fenced.
-- KEYS: partition, prefix. ARGV: token, budget, version, default delay ms, ms since the last request was sent (-1: none was).
-- Answer: {1, ms to wait}, or {0}: the claim is not ours any more.
partition(KEYS[1], KEYS[2])
local row = call('HMGET', base .. ':row', 'token', 'until')
if row[1] ~= ARGV[1] or tonumber(row[2] or 0) <= now() or call('HGET', base .. ':busy', ARGV[2]) ~= ARGV[3] then return { 0 } end
local next_allowed, own, level = host_get(ARGV[2])
local delay, age = math.max(tonumber(ARGV[4]), own), tonumber(ARGV[5])
local start = math.max(now(), next_allowed)
if age >= 0 then start = math.max(start, now() - age + delay) end
host_set(ARGV[2], start + delay, own, level)
return { 1, start - now() }
