-- Pauses a paced notification that is not over, or lets it go on. Again changes nothing.
-- KEYS  1 notification  2 paced notifications of the lane
-- ARGV  1 id  2 now, ms  3 '1' = pause, '0' = go on
-- Result  'done', 'unpaced' (nothing to pause: it goes to everybody at once), 'over' or 'unknown'
local status = redis.call('HGET', KEYS[1], 'status')
if not status then
  return 'unknown'
end
if redis.call('HEXISTS', KEYS[1], 'pace') == 0 then
  return 'unpaced'
end
if status == 'sent' or status == 'cancelled' or status == 'recalled' then
  return 'over'
end
if ARGV[3] == '1' then
  redis.call('HSETNX', KEYS[1], 'pausedAt', ARGV[2])
else
  redis.call('HDEL', KEYS[1], 'pausedAt')
  redis.call('ZADD', KEYS[2], 'XX', ARGV[2], ARGV[1])
end
return 'done'
