-- Splits a notification into tasks of one partition or some, once.
-- KEYS  1 notification  2 set of open tasks  3 fan-out stream
-- ARGV  1 id  2 now, ms  3.. per task its partitions, joined by commas
-- Result  'begun', 'already' (an earlier run did it) or 'cancelled' (or recalled)
local status = redis.call('HGET', KEYS[1], 'status')
if not status or status == 'cancelled' or status == 'recalled' then
  return 'cancelled'
end
if status == 'sending' or status == 'sent' then
  return 'already'
end
if #ARGV == 2 then
  redis.call('HSET', KEYS[1], 'status', 'sent', 'sentAt', ARGV[2], 'partitions', '')
  return 'begun'
end
redis.call('HSET', KEYS[1], 'status', 'sending', 'partitions', table.concat(ARGV, ',', 3))
redis.call('SADD', KEYS[2], unpack(ARGV, 3))
redis.call('PEXPIREAT', KEYS[2], redis.call('PTTL', KEYS[1]) + ARGV[2])
for i = 3, #ARGV do
  redis.call('XADD', KEYS[3], '*', 'd', '{"notificationId":"' .. ARGV[1] .. '","partitions":[' .. ARGV[i] .. ']}')
end
return 'begun'
