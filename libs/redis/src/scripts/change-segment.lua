-- Writes or deletes one of an app's segments, if none of them has changed since the caller read them.
-- KEYS  1 segments
-- ARGV  1 revision that was read ('0' = none yet)  2 name  3 segment (JSON), or '' to delete it
-- Result  1, or 0 when a segment has changed meanwhile
if (redis.call('HGET', KEYS[1], ' rev') or '0') ~= ARGV[1] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[2])
else
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
end
redis.call('HINCRBY', KEYS[1], ' rev', 1)
return 1
