-- Replaces the content of a record whose lease the owner holds, and sets who holds it from now on, until when.
-- KEYS: the record. ARGV: owner, content, next owner (empty for none), lease and time to live in milliseconds.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('HMGET', KEYS[1], 'owner', 'lease_end')
if record[1] ~= ARGV[1] or tonumber(record[2]) <= now then
  return 0
end
redis.call('HSET', KEYS[1], 'content', ARGV[2], 'owner', ARGV[3], 'lease_end', now + ARGV[4], 'written', now)
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[4]), tonumber(ARGV[5])))
return 1
