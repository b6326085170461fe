-- Tells MQTT brokers that one of them is gone.
-- First that it has no members of shared subscriptions any more; when its sessions are with others, that it has left.
-- KEYS  1 log  2 shared subscriptions  3 brokers
-- ARGV  1 broker  2 '1' when its sessions are with others  then its fields of the shared subscriptions, each followed by
--       the body of the entry that says so
-- Result  1, or 0 if it did not belong to them
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
  return 0
end
for i = 3, #ARGV, 2 do
  if redis.call('HDEL', KEYS[2], ARGV[i]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'o', ARGV[1], 'k', 's', 'b', ARGV[i + 1])
  end
end
if ARGV[2] == '1' then
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('XADD', KEYS[1], '*', 'o', ARGV[1], 'k', 'l', 'b', '')
end
return 1
