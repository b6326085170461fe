-- Cancels a notification that has not reached every inbox yet.
-- KEYS  1 notification  2 due set
-- ARGV  1 id  2 now, ms
-- Result  'unknown', or the status it had before ('sent', 'cancelled' and 'recalled' are left as they are)
local status = redis.call('HGET', KEYS[1], 'status')
if not status then
  return 'unknown'
end
if status ~= 'sent' and status ~= 'cancelled' and status ~= 'recalled' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[1], 'status', 'cancelled', 'cancelledAt', ARGV[2])
end
return status
