-- Writes a device's record with the sets that it is found by, if the record is still the one that the caller read.
-- KEYS  1 device record  2 positions  3.. sets to join, then sets to leave
-- ARGV  1 revision that was read ('' = there must be none yet)  2 device id  3 sets to join  4 longitude or ''  5 latitude
--       6 '1' = forget the position  7 number of fields to remove  8.. their names, then field, value, …
-- Result  1, or 0 when the record has changed meanwhile
if (redis.call('HGET', KEYS[1], 'rev') or '') ~= ARGV[1] then
  return 0
end
local removed = tonumber(ARGV[7])
-- In slices: Lua unpacks some thousands of values at the most.
local first, slice = 8 + removed, 1000
for a = 8, 7 + removed, slice do
  redis.call('HDEL', KEYS[1], unpack(ARGV, a, math.min(a + slice - 1, 7 + removed)))
end
for a = first, #ARGV, slice do
  redis.call('HSET', KEYS[1], unpack(ARGV, a, math.min(a + slice - 1, #ARGV)))
end
redis.call('HINCRBY', KEYS[1], 'rev', 1)
local join = tonumber(ARGV[3])
for k = 3, #KEYS do
  redis.call(k <= 2 + join and 'SADD' or 'SREM', KEYS[k], ARGV[2])
end
if ARGV[4] ~= '' then
  redis.call('GEOADD', KEYS[2], ARGV[4], ARGV[5], ARGV[2])
elseif ARGV[6] == '1' then
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return 1
