-- Which of a source's last pages were refused, for whoever looks at it next. KEYS: row. ARGV: state ('' = none was). Answer: 1 if
-- there is such a source.
if redis.call('HEXISTS', KEYS[1], 'url') == 0 then return 0 end
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'refused') else redis.call('HSET', KEYS[1], 'refused', ARGV[1]) end
return 1
