-- Marks one task of a fan-out as done; the last one makes the notification sent, unless it is paced: then its devices still wait for their turn.
-- KEYS  1 notification  2 set of open tasks  3 those of its turn that are not deposited (the notification's key again when it has no turn)
-- ARGV  1 the task's partitions, joined by commas, or '' for a notification that was sent without tasks  2 now, ms  3 its partitions, when without tasks: they join those that are known
--       4 its id, which leaves its turn ('' without one)
-- Result  {how many tasks are still open, status}
local status, pace, partitions = unpack(redis.call('HMGET', KEYS[1], 'status', 'pace', 'partitions'))
if ARGV[1] ~= '' then
  redis.call('SREM', KEYS[2], ARGV[1])
elseif not partitions or partitions == '' then
  redis.call('HSET', KEYS[1], 'partitions', ARGV[3])
elseif ARGV[3] ~= '' and ARGV[3] ~= partitions then
  -- Somebody else had begun it, when its audience was another.
  redis.call('HSET', KEYS[1], 'partitions', partitions .. ',' .. ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('LREM', KEYS[3], 1, ARGV[4])
end
local open = redis.call('SCARD', KEYS[2])
if open == 0 and not pace and (status == 'scheduled' or status == 'accepted' or status == 'sending') then
  status = 'sent'
  redis.call('HSET', KEYS[1], 'status', status, 'sentAt', ARGV[2])
end
return { open, status or '' }
