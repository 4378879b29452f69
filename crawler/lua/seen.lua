-- Was it seen? Changes nothing. KEYS: partition, prefix. ARGV: fingerprint, bucket. Answer: 1 or 0.
partition(KEYS[1], KEYS[2])
return seen(ARGV[1], tonumber(ARGV[2])) and 1 or 0
