-- Removes the connection with this epoch, and no other: a socket that closes late never removes its successor.
-- The device was seen until now.
-- KEYS  1 online  2.. records of the devices, in their order
-- ARGV  1 now, ms  2.. device, epoch, device, epoch, …
-- Result  how many connections were removed
local removed = 0
for a = 2, #ARGV, 2 do
  local kept = {}
  local found = false
  for connection in (redis.call('HGET', KEYS[1], ARGV[a]) or ''):gmatch('[^;]+') do
    if connection:match('[^,]+$') == ARGV[a + 1] then
      found = true
    else
      table.insert(kept, connection)
    end
  end
  if found then
    removed = removed + 1
    local record = KEYS[1 + a / 2]
    if redis.call('HEXISTS', record, 'app') == 1 then
      redis.call('HSET', record, 'seen', ARGV[1])
    end
    if #kept == 0 then
      redis.call('HDEL', KEYS[1], ARGV[a])
    else
      redis.call('HSET', KEYS[1], ARGV[a], table.concat(kept, ';'))
    end
  end
end
return removed
