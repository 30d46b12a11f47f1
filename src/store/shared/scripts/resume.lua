-- The call that tried after a pause was served: the others go. A pause that has begun meanwhile goes on.
-- KEYS: the account.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if tonumber(redis.call('HGET', KEYS[1], 'until') or 0) <= now then
  redis.call('HDEL', KEYS[1], 'try', 'try_until', 'row')
end
return 1
