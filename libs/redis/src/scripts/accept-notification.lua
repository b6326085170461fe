-- Writes a notification and puts it on its way, once per idempotency key.
-- KEYS  1 notification  2 idempotency record (the notification's key again when the caller gave none)  3 intake stream
--       4 due set
-- ARGV  1 id  2 digest of the request ('' without an idempotency key)  3 life of the idempotency record, s
--       4 due time, ms ('' for now)  5 when the notification may be forgotten, ms  6.. field, value, …
-- Result  {'accepted' | 'replayed' | 'mismatch', id of the notification that stands}
if ARGV[2] ~= '' then
  local earlier = redis.call('HMGET', KEYS[2], 'digest', 'id')
  if earlier[1] then
    return { earlier[1] == ARGV[2] and 'replayed' or 'mismatch', earlier[2] }
  end
  redis.call('HSET', KEYS[2], 'digest', ARGV[2], 'id', ARGV[1])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('PEXPIREAT', KEYS[1], ARGV[5])
if ARGV[4] == '' then
  redis.call('XADD', KEYS[3], '*', 'd', '{"notificationId":"' .. ARGV[1] .. '"}')
else
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
end
return { 'accepted', ARGV[1] }
