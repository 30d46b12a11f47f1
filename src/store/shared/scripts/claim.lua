-- Takes the lease of a record if it is free or already the owner's.
-- KEYS: the record. ARGV: fingerprint, owner, lease and time to live in milliseconds.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('HMGET', KEYS[1], 'fingerprint', 'owner', 'lease_end', 'content', 'written')
local fingerprint, owner, lease_end, content = record[1], record[2], tonumber(record[3] or 0), record[4] or ''
local idle = now - tonumber(record[5] or now)

if fingerprint and fingerprint ~= ARGV[1] then
  return {'other', '', 0}
end
if owner and owner ~= ARGV[2] and lease_end > now then
  return {'busy', '', lease_end - now}
end
if idle < 0 then
  -- The clock went back, as it may when another server takes over: nobody knows how old the record is until it has caught up.
  return {'busy', '', -idle}
end
local kept = tonumber(ARGV[3])
if content ~= '' then
  kept = math.max(kept, tonumber(ARGV[4]))
end
redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'owner', ARGV[2], 'lease_end', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], kept)
return {'ours', content, idle}
