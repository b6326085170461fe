-- Says what became of an attempt, if the batch is still whose lease it was.
-- KEYS  1 due set  2 batches  3 state of the endpoint  4 dead letters
-- ARGV  1 batch  2 end of its lease, ms  3 'delivered', 'retry' or 'dead'  4 now, ms  5 what was wrong  6 next attempt, ms
--       7 bound of the dead letters
-- Result  since when the endpoint fails, ms; '' when it does not
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return redis.call('HGET', KEYS[3], 'failingSince') or ''
end
if ARGV[3] == 'delivered' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[3], 'lastSuccessAt', ARGV[4])
  redis.call('HDEL', KEYS[3], 'failingSince', 'lastError')
  return ''
end
redis.call('HSETNX', KEYS[3], 'failingSince', ARGV[4])
redis.call('HSET', KEYS[3], 'lastError', ARGV[5])
local attempts, madeAt, events = redis.call('HGET', KEYS[2], ARGV[1]):match('^(%d+) (%d+) (.*)$')
attempts = string.format('%.0f', attempts + 1)
if ARGV[3] == 'retry' then
  redis.call('ZADD', KEYS[1], ARGV[6], ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], attempts .. ' ' .. madeAt .. ' ' .. events)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', 'batch', ARGV[1], 'attempts', attempts, 'madeAt', madeAt,
    'events', events, 'reason', ARGV[5], 'at', ARGV[4])
end
return redis.call('HGET', KEYS[3], 'failingSince')
