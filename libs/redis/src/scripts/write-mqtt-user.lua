-- Makes an MQTT user, or changes one.
-- KEYS  1 user record  2 revisions of all users
-- ARGV  1 name  2 revision  3 most users there may be  4 now, ms  5 rules, JSON  6 keys, JSON
--       7 '1' if the keys replace those of a user that is there
-- Result  'created', 'changed' or 'full'
local known = redis.call('EXISTS', KEYS[1]) == 1
if not known and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[3]) then
  return 'full'
end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'rules', ARGV[5], 'changedAt', ARGV[4])
if not known then
  redis.call('HSET', KEYS[1], 'createdAt', ARGV[4])
end
if not known or ARGV[7] == '1' then
  redis.call('HSET', KEYS[1], 'keys', ARGV[6])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return known and 'changed' or 'created'
