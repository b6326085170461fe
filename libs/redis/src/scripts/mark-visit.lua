-- Begins or ends a device's visit to a fence, or notes what it has triggered. A visit that began earlier stands.
-- KEYS  1 visits of the device  2 visits that may become long  3 device record
-- ARGV  1 device id  2 fence id  3 'begin', 'note' or 'end'  4 when the visit began, ms  5 trigger, or ''
--       6 when it becomes long, ms, or ''  7 field of the cap  8 the cap's new value, or ''
-- Result  when the visit began that stands, ms; '' when there is none
if redis.call('EXISTS', KEYS[3]) == 0 then
  return ''
end
local visit = redis.call('HGET', KEYS[1], ARGV[2])
local since = visit and visit:match('^%d+')
local member = ARGV[1] .. ' ' .. ARGV[2]
if ARGV[3] == 'begin' and not visit then
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
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[2], member)
  if ARGV[8] ~= '' then
    redis.call('HSET', KEYS[1], ARGV[7], ARGV[8])
  end
end
return since
