-- Answers a group's mark, or makes the next one. Marks begin with the time, so that one which was lost never comes
-- again.
-- KEYS: the mark. ARGV: 'look' or 'renew', time to live in milliseconds.
local mark = redis.call('GET', KEYS[1])
if mark and ARGV[1] == 'look' then
  return mark
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local renewed = string.format('%.0f', math.max(now, tonumber(mark or 0) + 1))
redis.call('SET', KEYS[1], renewed, 'PX', ARGV[2])
return renewed
