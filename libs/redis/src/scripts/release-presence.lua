-- Removes the connection with this epoch, and no other: a socket that closes late never removes its successor.
-- KEYS  1 online
-- ARGV  device, epoch, device, epoch, …
-- Result  how many connections were removed
local removed = 0
for a = 1, #ARGV, 2 do
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
    if #kept == 0 then
      redis.call('HDEL', KEYS[1], ARGV[a])
    else
      redis.call('HSET', KEYS[1], ARGV[a], table.concat(kept, ';'))
    end
  end
end
return removed
