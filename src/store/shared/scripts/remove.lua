-- Removes a record whose lease the owner holds.
-- KEYS: the record. ARGV: owner.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('HMGET', KEYS[1], 'owner', 'lease_end')
if record[1] ~= ARGV[1] or tonumber(record[2]) <= now then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
