-- Registers a device's connection; it takes the place of the same device's connection over the same transport, or of any.
-- A connection whose device is gone, or has another token by now, is refused. An epoch never falls below the time.
-- KEYS  1 online  2 epoch counter  3 device record  4 inbox
-- ARGV  1 device  2 transport  3 edge  4 hash of the token that it logged in with  5 now, ms
--       6 '1' = a device has one connection, whatever its transport
-- Result  {epoch, 1 if something waits in the inbox, displaced connections as 'transport,edge,epoch' …}, or {0} when it was refused
if redis.call('HGET', KEYS[3], 'token') ~= ARGV[4] then
  return { 0 }
end
redis.call('HSET', KEYS[3], 'seen', ARGV[5])
local epoch = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(ARGV[5]))
redis.call('SET', KEYS[2], string.format('%.0f', epoch))
local mine = ARGV[2] .. ',' .. ARGV[3] .. ',' .. string.format('%.0f', epoch)
local displaced = { epoch, redis.call('EXISTS', KEYS[4]) }
local kept = { mine }
for connection in (redis.call('HGET', KEYS[1], ARGV[1]) or ''):gmatch('[^;]+') do
  if ARGV[6] == '1' or connection:match('^[^,]+') == ARGV[2] then
    table.insert(displaced, connection)
  else
    table.insert(kept, connection)
  end
end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(kept, ';'))
return displaced
