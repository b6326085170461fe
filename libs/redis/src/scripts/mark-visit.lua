-- Begins or ends a device's visit to a fence, or notes what it has triggered.
-- A visit that began earlier stands, and none begins by a position that is older than one that has begun or ended a visit: positions may overtake one another.
-- KEYS  1 visits of the device  2 visits that may become long  3 device record
-- ARGV  1 device id  2 fence id  3 'begin', 'note' or 'end'  4 when the visit began, ms  5 trigger, or ''
--       6 when it becomes long, ms, or ''  7 field of the cap  8 the cap's new value, or ''  9 when the position was taken, ms
-- Result  when the visit began that stands, ms; '' when there is none
local device = redis.call('HMGET', KEYS[3], 'app', 'fencedAt')
if not device[1] then
  return ''
end
local fencedAt = tonumber(device[2] or '-1')
local at = tonumber(ARGV[9])
local function moved()
  if at > fencedAt then
    redis.call('HSET', KEYS[3], 'fencedAt', ARGV[9])
  end
end
local visit = redis.call('HGET', KEYS[1], ARGV[2])
local since = visit and visit:match('^%d+')
local member = ARGV[1] .. ' ' .. ARGV[2]
if ARGV[3] == 'begin' and not visit then
  if at < fencedAt then
    return ''
  end
  moved()
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
  if ARGV[6] ~= '' then
    redis.call('ZADD', KEYS[2], ARGV[6], member)
  end
  return ARGV[4]
end
if since ~= ARGV[4] then
  return since or ''
end
if ARGV[3] == 'note' and not visit:find(',' .. ARGV[5], 1, true) then
  redis.call('HSET', KEYS[1], ARGV[2], visit .. ',' .. ARGV[5])
  if ARGV[8] ~= '' then
    redis.call('HSET', KEYS[1], ARGV[7], ARGV[8])
  end
  if ARGV[5] == 'dwell' then
    redis.call('ZREM', KEYS[2], member)
  end
elseif ARGV[3] == 'end' then
  moved()
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[2], member)
  if ARGV[8] ~= '' then
    redis.call('HSET', KEYS[1], ARGV[7], ARGV[8])
  end
end
return since
