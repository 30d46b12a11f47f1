-- Takes units of a rate by the generic cell rate algorithm, or says how long it takes until they are there.
-- KEYS: the caller. ARGV: microseconds for one unit, burst, units.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, units = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- Never more than a whole burst is used up; a clock that went back, as when another server takes over, would say so.
local full_at = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now), now + interval * burst)

local wait = full_at - now - interval * (burst - units)
if wait > 0 then
  return {wait, full_at - now}
end
full_at = full_at + interval * units
local kept = math.ceil((full_at - now) / 1000) + 1
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', string.format('%.0f', kept))
return {0, full_at - now}
