-- A paced notification whose devices have all had their turn is sent; one that was stopped only leaves.
-- KEYS  1 notification  2 set of open tasks  3 paced notifications of the lane
-- ARGV  1 id  2 now, ms
-- Result  1 when it left, 0 while tasks are open that may still add devices
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'accepted' or status == 'scheduled' then
  return 0
end
if status == 'sending' then
  if redis.call('SCARD', KEYS[2]) > 0 then
    return 0
  end
  redis.call('HSET', KEYS[1], 'status', 'sent', 'sentAt', ARGV[2])
end
redis.call('ZREM', KEYS[3], ARGV[1])
return 1
