-- A broker becomes a reader of the log that MQTT brokers share.
-- KEYS  1 log  2 shared subscriptions  3 brokers
-- ARGV  1 broker
-- Result  {id of the entry that says so, shares as HGETALL gives them, brokers likewise}
local id = redis.call('XADD', KEYS[1], '*', 'o', ARGV[1], 'k', 'j', 'b', '')
redis.call('HSET', KEYS[3], ARGV[1], id)
return { id, redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]) }
