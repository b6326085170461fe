-- Counts that devices were in use in an hour of the day. A count that would pass 35 halves all of the device's.
-- KEYS  1.. records of devices
-- ARGV  1 hour, 0 to 23  2 what it counts for
-- Result  how many were counted: who is no device is not
local place, weight = tonumber(ARGV[1]) + 1, tonumber(ARGV[2])
local DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
local function digit(count)
  return DIGITS:sub(count + 1, count + 1)
end

local noted = 0
for i = 1, #KEYS do
  local record = KEYS[i]
  local facts = redis.call('HMGET', record, 'app', 'hours')
  if facts[1] then
    local hours = facts[2] or string.rep('0', 24)
    local count = tonumber(hours:sub(place, place), 36) + weight
    if count > 35 then
      hours = hours:gsub('.', function(each)
        return digit(math.floor(tonumber(each, 36) / 2))
      end)
      count = math.floor(count / 2)
    end
    redis.call('HSET', record, 'hours', hours:sub(1, place - 1) .. digit(count) .. hours:sub(place + 1))
    noted = noted + 1
  end
end
return noted
