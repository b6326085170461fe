-- Puts pushes that were written into their devices' archives, each archive bounded to its newest entries.
-- KEYS  archives, one a push
-- ARGV  1 entries of an archive at most  2 time to live of an archive, ms  3.. time of sending (ms since 1970) and notification id of each push
-- Result  1
local most, ttl = tonumber(ARGV[1]), ARGV[2]
for k = 1, #KEYS do
  redis.call('ZADD', KEYS[k], ARGV[2 * k + 1], ARGV[2 * k + 2])
  redis.call('ZREMRANGEBYRANK', KEYS[k], 0, -most - 1)
  redis.call('PEXPIRE', KEYS[k], ttl)
end
return 1
