-- Writes a notification and puts it on its way, once per idempotency key.
-- KEYS  1 notification  2 idempotency record (the notification's key again when the caller gave none)  3 intake stream
--       4 due set  5 those of its turn that are not deposited (the notification's key again when it has no turn)
-- ARGV  1 id  2 digest of the request ('' without an idempotency key)  3 life of the idempotency record, s
--       4 due time, ms ('' for now)  5 when the notification may be forgotten, ms
--       6 life of the turn, s ('' without one)  7 its entry in the intake stream  8.. field, value, …
-- Result  {'accepted' | 'replayed' | 'mismatch', id of the notification that stands}
if ARGV[2] ~= '' then
  local earlier = redis.call('HMGET', KEYS[2], 'digest', 'id')
  if earlier[1] then
    return { earlier[1] == ARGV[2] and 'replayed' or 'mismatch', earlier[2] }
  end
  redis.call('HSET', KEYS[2], 'digest', ARGV[2], 'id', ARGV[1])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 8))
redis.call('PEXPIREAT', KEYS[1], ARGV[5])
if ARGV[4] == '' then
  redis.call('XADD', KEYS[3], '*', 'd', ARGV[7])
else
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
end
if ARGV[6] ~= '' then
  redis.call('RPUSH', KEYS[5], ARGV[1])
  redis.call('EXPIRE', KEYS[5], ARGV[6])
end
return { 'accepted', ARGV[1] }
