-- Lets nothing go for a while: of one group, or of all as soon as a second group needs it too.
-- KEYS: the account. ARGV: the group or nothing, how long in microseconds, why, microseconds for one call, burst, time
-- to live in milliseconds, pauses in a row, and if the rate was lowered: its share, and the one before.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'group', 'group_until', 'until', 'full_at', 'epoch')
local over = now + ARGV[2]
local function put(...)
  redis.call('HSET', KEYS[1], ...)
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
end
local function whole(number)
  return string.format('%.0f', number)
end

local of_group = known[1] and tonumber(known[2]) > now
if ARGV[1] ~= '' and not (of_group and known[1] ~= ARGV[1]) then
  if of_group then
    over = math.max(over, tonumber(known[2]))
  end
  put('group', ARGV[1], 'group_until', whole(over), 'group_reason', ARGV[3])
  return 1
end
over = math.max(over, tonumber(known[3] or 0))
-- A rest that was ordered saves nothing up.
local full_at = math.max(tonumber(known[4] or 0), over + ARGV[4] * (ARGV[5] - 1))
put('until', whole(over), 'reason', ARGV[3], 'full_at', whole(full_at), 'try', '1', 'try_until', '0', 'row', ARGV[7])
if ARGV[8] then
  put('epoch', whole(tonumber(known[5] or 0) + 1), 'share', ARGV[8], 'ceiling', ARGV[9], 'learned_at', whole(now))
end
return 1
