-- Registers a device's connection; it takes the place of the same device's connection over the same transport.
-- KEYS  1 online  2 epoch counter
-- ARGV  1 device  2 transport  3 edge
-- Result  {epoch, displaced connections as 'transport,edge,epoch' …}
local epoch = redis.call('INCR', KEYS[2])
local mine = ARGV[2] .. ',' .. ARGV[3] .. ',' .. epoch
local displaced = { epoch }
local kept = { mine }
for connection in (redis.call('HGET', KEYS[1], ARGV[1]) or ''):gmatch('[^;]+') do
  if connection:match('^[^,]+') == ARGV[2] then
    table.insert(displaced, connection)
  else
    table.insert(kept, connection)
  end
end
redis.call('HSET', KEYS[1], ARGV[1], table.concat(kept, ';'))
return displaced
