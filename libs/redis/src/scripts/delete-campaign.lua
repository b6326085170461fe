-- Deletes a campaign, if it is as the caller read it.
-- KEYS  1 campaign  2 campaigns of the app  3 campaigns to be looked at  4 what was done with it  5 times of its runs  6 its runs
--       7 campaigns that fences trigger  8 notifications that fences triggered
-- ARGV  1 id  2 revision that was read
-- Result  1, or 0 when it has changed meanwhile
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then
  return 0
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[7], ARGV[1])
redis.call('DEL', KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[8])
return 1
