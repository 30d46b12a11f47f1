-- Lets one call to Graph go, or says what holds it.
-- KEYS: the account. ARGV: microseconds for one call, burst, the group, how long one that tries may take in
-- microseconds, time to live in milliseconds. With nothing for the group nothing is taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.call('HMGET', KEYS[1], 'full_at', 'until', 'reason', 'group', 'group_until', 'group_reason',
  'try', 'try_until', 'epoch', 'share', 'ceiling', 'learned_at', 'row')
local full_at = math.max(tonumber(known[1] or 0), now)
-- What is left until a moment that lies so far ahead at most: further on, the clock has gone back, as when another server
-- takes over.
local function left(moment, most)
  local left = tonumber(moment or 0) - now
  return left <= most and left or 0
end
local hour = 3600 * 1000000

local function answer(word, wait, reason)
  local age = math.max(now - tonumber(known[12] or now), 0)
  return {word, wait, reason or '', full_at - now, tonumber(known[13] or 0), tonumber(known[9] or 0), known[10] or '1', known[11] or '1', age}
end

local paused = left(known[2], hour)
if paused > 0 then
  return answer('paused', paused, known[3])
end
local group_paused = left(known[5], hour)
if known[4] == ARGV[3] and group_paused > 0 then
  return answer('group_paused', group_paused, known[6])
end
if ARGV[3] == '' then
  return answer('looked', 0)
end
-- After a pause one call tries before the others go; should its replica die, another one does.
local trying = left(known[8], tonumber(ARGV[4]))
if known[7] == '1' and trying > 0 then
  return answer('trying', trying)
end
full_at = math.min(full_at, now + interval * burst)
local wait = full_at - now - interval * (burst - 1)
if wait > 0 then
  return answer('wait', wait)
end
full_at = full_at + interval
redis.call('HSET', KEYS[1], 'full_at', string.format('%.0f', full_at))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if known[7] == '1' then
  redis.call('HSET', KEYS[1], 'try_until', string.format('%.0f', now + ARGV[4]))
  return answer('try', 0)
end
return answer('go', 0)
