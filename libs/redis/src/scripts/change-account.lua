-- Changes records that a device's clients keep with their account, all or none, if they fit.
-- KEYS  1 records of the account  2 device record  3 devices with push services
-- ARGV  1 records at most  2 bytes of names and values at most  3 device  4.. per change: field, '1' to keep it or '0' to take it away, value
-- Result  'kept', 'full' when the account would keep more than it may, or 'gone' when there is no such device
-- A field is the kind of the record, a space and its name; '#n' and '#b' count records and bytes, '#p' the push services.
if redis.call('HEXISTS', KEYS[2], 'app') == 0 then
  return 'gone'
end
local counted = redis.call('HMGET', KEYS[1], '#n', '#b', '#p')
local records, bytes = tonumber(counted[1] or '0'), tonumber(counted[2] or '0')
local services = tonumber(counted[3] or '0')
local adds = false

for a = 4, #ARGV, 3 do
  local name, value = ARGV[a], ARGV[a + 2]
  local before = redis.call('HGET', KEYS[1], name)
  local change = 0
  if before then
    bytes = bytes - #name - #before
    change = -1
  end
  if ARGV[a + 1] == '1' then
    bytes = bytes + #name + #value
    change = change + 1
    adds = true
  end
  records = records + change
  if name:sub(1, 5) == 'push ' then
    services = services + change
  end
end
if adds and (records > tonumber(ARGV[1]) or bytes > tonumber(ARGV[2])) then
  return 'full'
end

for a = 4, #ARGV, 3 do
  if ARGV[a + 1] == '1' then
    redis.call('HSET', KEYS[1], ARGV[a], ARGV[a + 2])
  else
    redis.call('HDEL', KEYS[1], ARGV[a])
  end
end
if records > 0 then
  redis.call('HSET', KEYS[1], '#n', records, '#b', bytes, '#p', services)
else
  redis.call('DEL', KEYS[1])
end
if services > 0 then
  redis.call('SADD', KEYS[3], ARGV[3])
else
  redis.call('SREM', KEYS[3], ARGV[3])
end
return 'kept'
