-- Changes fields of a webhook, if it is still there.
-- KEYS  1 webhook
-- ARGV  1 number of fields to remove  2.. their names, then field, value, …
-- Result  1, or 0 when it is gone
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local removed = tonumber(ARGV[1])
if removed > 0 then
  redis.call('HDEL', KEYS[1], unpack(ARGV, 2, 1 + removed))
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2 + removed))
return 1
