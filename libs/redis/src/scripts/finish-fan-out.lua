-- Marks one task of a fan-out as done; the last one makes the notification sent, unless it is paced: then its devices still wait for their turn.
-- KEYS  1 notification  2 set of open tasks  3 those of its turn that are not deposited (the notification's key again when it has no turn)
-- ARGV  1 the task's partitions, joined by commas, or '' for a notification that was sent without tasks  2 now, ms  3 its partitions, when without tasks
--       4 its id, which leaves its turn ('' without one)
-- Result  {how many tasks are still open, status}
if ARGV[1] ~= '' then
  redis.call('SREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], 'partitions', ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('LREM', KEYS[3], 1, ARGV[4])
end
local open = redis.call('SCARD', KEYS[2])
local status = redis.call('HGET', KEYS[1], 'status')
if open == 0 and redis.call('HEXISTS', KEYS[1], 'pace') == 0 and (status == 'scheduled' or status == 'accepted' or status == 'sending') then
  status = 'sent'
  redis.call('HSET', KEYS[1], 'status', status, 'sentAt', ARGV[2])
end
return { open, status or '' }
