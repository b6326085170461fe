-- Removes a device and all that is kept of it, if its record is still the one that was read and its inbox is empty.
-- KEYS  1 device record  2 positions  3 inbox  4 collapse index  5 online  6 what is held  7 former positions
--       8 visits to fences  9 what its clients keep with their account  10 devices that changed hands
--       11 devices with push services  12.. sets to leave
-- ARGV  1 revision that was read  2 device id
-- Result  'deleted', 'changed', or 'inbox' when deliveries have to be closed first
if redis.call('HGET', KEYS[1], 'rev') ~= ARGV[1] then
  return 'changed'
end
if redis.call('ZCARD', KEYS[3]) > 0 then
  return 'inbox'
end
redis.call('DEL', KEYS[1], KEYS[4], KEYS[7], KEYS[8], KEYS[9])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[5], ARGV[2])
redis.call('HDEL', KEYS[6], ARGV[2])
redis.call('HDEL', KEYS[10], ARGV[2])
redis.call('SREM', KEYS[11], ARGV[2])
for k = 12, #KEYS do
  redis.call('SREM', KEYS[k], ARGV[2])
end
return 'deleted'
