-- Takes a device's position, unless it is gone, another app's, or a newer position is known; says which fences it is in.
-- One that is a little older than the newest is not taken, but may still be looked at, if no position after it has begun or ended a visit.
-- KEYS  1 device record  2 positions  3 former positions  4 visits to fences
-- ARGV  1 app  2 device id  3 latitude  4 longitude  5 latitude for the geo set  6 longitude for it  7 when it was taken, ms
--       8 former positions to keep  9 for how long, s  10 how much older than the newest one it may be, ms
-- Result  {'unknown' or 'old'}, or {'placed', visits as field, value, …}
local known = redis.call('HMGET', KEYS[1], 'app', 'positionAt', 'track', 'fencedAt')
if known[1] ~= ARGV[1] then
  return { 'unknown' }
end
local before = tonumber(known[2] or '-1')
local at = tonumber(ARGV[7])
if at < before and (at < before - tonumber(ARGV[10]) or at < tonumber(known[4] or '-1')) then
  return { 'old' }
end
if before < at then
  redis.call('HSET', KEYS[1], 'lat', ARGV[3], 'lon', ARGV[4], 'positionAt', ARGV[7])
  redis.call('GEOADD', KEYS[2], ARGV[6], ARGV[5], ARGV[2])
  if known[3] == '1' then
    redis.call('LPUSH', KEYS[3], ARGV[7] .. ',' .. ARGV[3] .. ',' .. ARGV[4])
    redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[8]) - 1)
    redis.call('EXPIRE', KEYS[3], ARGV[9])
  end
end
local visits = redis.call('HGETALL', KEYS[4])
table.insert(visits, 1, 'placed')
return visits
