-- Another address of an article that is published under its own, perhaps before the article itself is here.
-- KEYS: 1 url of the address, 2 aliases. ARGV: 1 prefix, 2 id of the address, 3 id of the article, 4 ttl_ms.
lead(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
return 1
