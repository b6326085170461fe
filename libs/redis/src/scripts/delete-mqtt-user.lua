-- Takes an MQTT user away.
-- KEYS  1 user record  2 revisions of all users
-- ARGV  1 name
-- Result  1, or 0 when there was none
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
