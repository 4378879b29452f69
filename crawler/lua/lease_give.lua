-- Gives a partition back after draining: free at once, and its hosts need not wait. KEYS: partition. ARGV: token. Answer: 1
-- if it was ours.
local row = KEYS[1] .. ':row'
if redis.call('HGET', row, 'token') ~= ARGV[1] then return 0 end
redis.call('HDEL', row, 'owner', 'token', 'until')
return 1
