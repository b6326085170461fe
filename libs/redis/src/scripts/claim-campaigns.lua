-- Takes campaigns that are to be looked at for one worker; they come again later, should it die.
-- KEYS  1 campaigns to be looked at
-- ARGV  1 now, ms  2 at most so many  3 when they come again, ms
-- Result  {their ids, when the next one is to be looked at in ms, or ''}
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do
  redis.call('ZADD', KEYS[1], ARGV[3], id)
end
local nextOne = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { ids, nextOne[2] or '' }
