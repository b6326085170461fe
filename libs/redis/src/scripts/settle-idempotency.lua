-- Keeps the answer of the request that did the work, or forgets the key when nothing came of it.
-- KEYS  1 idempotency record
-- ARGV  1 token of who claimed it  2 answer ('' = none)  3 life of the record, s
-- Result  1, or 0 when somebody else has claimed it since
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  return redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('HDEL', KEYS[1], 'token', 'pendingUntil')
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
