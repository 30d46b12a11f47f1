-- Forgets what was done with ids before a moment.
-- KEYS: the ids. ARGV: the moment in microseconds.
for _, id in ipairs(KEYS) do
  local known = redis.call('GET', id)
  if known and tonumber(string.sub(known, 2)) < tonumber(ARGV[1]) then
    redis.call('DEL', id)
  end
end
return 1
