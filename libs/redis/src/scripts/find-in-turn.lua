-- Reads a notification and those of its turn that are not deposited.
-- KEYS  1 notification  2 those of its turn
-- ARGV  1 how many of these at the most
-- Result  {{field, value, …}, {id, …}}, the ids in the order of their acceptance
return { redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, ARGV[1] - 1) }
