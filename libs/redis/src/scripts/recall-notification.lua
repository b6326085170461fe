-- Takes a notification back: what is not deposited yet never will be. Recalling again changes nothing.
-- KEYS  1 notification  2 due set
-- ARGV  1 id  2 now, ms  3 id of the recall that tells devices
-- Result  id of the recall that stands, or '' for an unknown notification
if redis.call('EXISTS', KEYS[1]) == 0 then
  return ''
end
local recall = redis.call('HGET', KEYS[1], 'recallId')
if not recall then
  recall = ARGV[3]
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[1], 'status', 'recalled', 'recalledAt', ARGV[2], 'recallId', recall)
end
return recall
