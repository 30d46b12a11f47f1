-- Writes down what was done with ids, unless something later is known.
-- KEYS: the ids. ARGV: the verb's letter, when in microseconds, time to live in milliseconds.
for _, id in ipairs(KEYS) do
  local known = redis.call('GET', id)
  if not known or tonumber(string.sub(known, 2)) <= tonumber(ARGV[2]) then
    redis.call('SET', id, ARGV[1] .. ARGV[2], 'PX', ARGV[3])
  end
end
return 1
