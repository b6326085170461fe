-- Notes how far a broker has read the log and written what follows from it, and cuts off what all have read.
-- KEYS  1 log  2 brokers
-- ARGV  1 broker  2 id of the entry
-- Result  1, or 0 for a broker that does not belong to them any more
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
local function before(a, b)
  local aTime, aCount = a:match('(%d+)-(%d+)')
  local bTime, bCount = b:match('(%d+)-(%d+)')
  if aTime ~= bTime then
    return tonumber(aTime) < tonumber(bTime)
  end
  return tonumber(aCount) < tonumber(bCount)
end
local oldest = ARGV[2]
for _, id in ipairs(redis.call('HVALS', KEYS[2])) do
  if before(id, oldest) then
    oldest = id
  end
end
redis.call('XTRIM', KEYS[1], 'MINID', '~', oldest)
return 1
