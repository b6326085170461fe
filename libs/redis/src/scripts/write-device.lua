-- Writes a device's record with the sets that it is found by, if the record is still the one that the caller read.
-- When the device goes to another owner, what its inbox holds was meant for the former one, and is purged in the same step; what the former
-- one's clients kept with their account goes too.
-- KEYS  1 device record  2 positions  3 inbox  4 collapse index  5 sequence  6 what is held  7 receipts stream
--       8 what its clients keep with their account  9 devices that changed hands  10 devices with push services
--       11.. sets to join, then sets to leave, then the deliveries of each notification in the inbox
-- ARGV  1 revision that was read ('' = there must be none yet)  2 device id  3 sets to join  4 sets to leave
--       5 longitude or ''  6 latitude  7 '1' = forget the position  8 now, base 36, when the owner changes ('' = it stays)
--       9 app  10 number of fields to remove  11 number of notifications to purge
--       12.. fields to remove, then the notifications, then field, value, …
-- Result  '' when the record or the inbox has changed meanwhile, else the place in the partition up to which the former
--         owner's entries stood ('0' when the owner stays)
local record, inbox, held = KEYS[1], KEYS[3], KEYS[6]
local device, join, leave, now, app = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[8], ARGV[9]
local removed, purged = tonumber(ARGV[10]), tonumber(ARGV[11])
if (redis.call('HGET', record, 'rev') or '') ~= ARGV[1] then
  return ''
end

local function holdsOthers()
  if redis.call('ZCARD', inbox) ~= purged then
    return true
  end
  for i = 1, purged do
    if not redis.call('ZSCORE', inbox, ARGV[11 + removed + i]) then
      return true
    end
  end
  return false
end

-- Takes back what the entries counted for; returns the receipt of one.
local function purge(nid, deliveries)
  local stored = redis.call('HMGET', deliveries, device, '#b')
  redis.call('HINCRBY', held, '#n:' .. app, -1)
  if stored[2] then
    redis.call('HINCRBY', held, '#b:' .. app, -stored[2])
  end
  if stored[1] then
    redis.call('HSET', deliveries, device, stored[1] .. ';p' .. now .. ',,owner changed')
    redis.call('HINCRBY', deliveries, '#p', 1)
  end
  return table.concat({ app, nid, device, 'p', now, '', 'owner changed', '' }, '\t')
end

local upTo = '0'
if now ~= '' then
  if holdsOthers() then
    return ''
  end
  local lines = {}
  for i = 1, purged do
    lines[i] = purge(ARGV[11 + removed + i], KEYS[10 + join + leave + i])
  end
  redis.call('DEL', inbox, KEYS[4], KEYS[8])
  redis.call('HDEL', held, device)
  redis.call('HDEL', record, 'floor')
  redis.call('SREM', KEYS[10], device)
  if purged > 0 then
    report(KEYS[7], lines)
  end
  upTo = redis.call('GET', KEYS[5]) or '0'
end

-- In slices: Lua unpacks some thousands of values at the most.
local firstRemoved, firstValue, slice = 12, 12 + removed + purged, 1000
for a = firstRemoved, 11 + removed, slice do
  redis.call('HDEL', record, unpack(ARGV, a, math.min(a + slice - 1, 11 + removed)))
end
for a = firstValue, #ARGV, slice do
  redis.call('HSET', record, unpack(ARGV, a, math.min(a + slice - 1, #ARGV)))
end
redis.call('HINCRBY', record, 'rev', 1)
for k = 11, 10 + join + leave do
  redis.call(k <= 10 + join and 'SADD' or 'SREM', KEYS[k], device)
end
-- When it changed hands last, and whose it is now: deposits read these of many devices at once.
local movedAt = now ~= '' and string.format('%.0f', tonumber(now, 36))
  or (redis.call('HGET', KEYS[9], device) or ''):match('^%d+')
if movedAt then
  redis.call('HSET', KEYS[9], device, movedAt .. ' ' .. (redis.call('HGET', record, 'user') or ''))
end
if ARGV[5] ~= '' then
  redis.call('GEOADD', KEYS[2], ARGV[5], ARGV[6], device)
elseif ARGV[7] == '1' then
  redis.call('ZREM', KEYS[2], device)
end
return upTo
