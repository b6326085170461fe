-- Appends to the log that MQTT brokers share, and keeps what it says of retained messages and shared subscriptions.
-- KEYS  1 log  2 retained messages  3 their expiry  4 shared subscriptions  5 brokers
-- ARGV  1 broker  2 entries that the log may have  3 now, ms  then for each entry
--       kind, body, key, value, expiry: for 'p' (publication) the key is the topic of a retained one, its value 'set' or
--       'clear', its expiry in ms or ''; for 's' (share) the key is the share and broker, its value 'online', 'offline'
--       or 'none'; other kinds have neither
-- Result  ids of the entries; 'full'; or 'expelled' for a broker that does not belong to them
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 0 then
  return 'expelled'
end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return 'full'
end
local ids = {}
for i = 4, #ARGV, 5 do
  local kind, body, key, value, expiry = unpack(ARGV, i, i + 4)
  table.insert(ids, redis.call('XADD', KEYS[1], '*', 'o', ARGV[1], 'k', kind, 'b', body))
  if kind == 's' then
    if value == 'none' then
      redis.call('HDEL', KEYS[4], key)
    else
      redis.call('HSET', KEYS[4], key, value)
    end
  elseif value == 'clear' then
    redis.call('HDEL', KEYS[2], key)
    redis.call('ZREM', KEYS[3], key)
  elseif value == 'set' then
    redis.call('HSET', KEYS[2], key, body)
    if expiry == '' then
      redis.call('ZREM', KEYS[3], key)
    else
      redis.call('ZADD', KEYS[3], expiry, key)
    end
  end
end
for _, topic in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, 100)) do
  redis.call('HDEL', KEYS[2], topic)
  redis.call('ZREM', KEYS[3], topic)
end
return ids
