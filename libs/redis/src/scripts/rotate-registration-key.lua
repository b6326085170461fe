-- Makes a key the app's registration key, or leaves it none, if the app's keys are still those that were read.
-- The present one becomes the former one, which goes at once or after a while; the former one of before goes.
-- KEYS  1 the app's key ids  2 the present key  3 the former key  4 the new key (2, 3 and 4: of the app's key ids when there is none)
-- ARGV  1 id of the present key or ''  2 id of the former one or ''  3 how long the present one lives on, ms  4 id of the new key or ''
--       5.. fields and values of the new key
-- Result  1, or 0 when the app has other keys by now
local read = redis.call('HMGET', KEYS[1], 'id', 'former')
if (read[1] or '') ~= ARGV[1] or (read[2] or '') ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[3])
end
if ARGV[1] ~= '' then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[4], unpack(ARGV, 5))
  redis.call('HSET', KEYS[1], 'id', ARGV[4], 'former', ARGV[1])
end
return 1
