-- Which sources show a document that is polled for another. KEYS: prefix, partitions. Answer: {source, its address of the
-- document, the source it is polled for…}.
local answer = {}
for i = 2, #KEYS do
  partition(KEYS[i], KEYS[1])
  local also = call('HGETALL', base .. ':also')
  for j = 1, #also, 2 do
    local rec = poll_get(also[j])
    for _, one in ipairs(rec and cmsgpack.unpack(also[j + 1]) or {}) do
      for _, v in ipairs({ one[1], full_url(one[2]), rec[R_SOURCE] }) do answer[#answer + 1] = v end
    end
  end
end
return answer
