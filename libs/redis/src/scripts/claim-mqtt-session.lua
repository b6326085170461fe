-- A broker takes a client id for its own, with the session that is kept under it.
-- KEYS  1 session  2 its messages  3 ids that the broker holds  4 ids that the former broker holds
-- ARGV  1 client id  2 broker  3 former broker, '' for nobody  4 '1': a fresh session  5 now, ms
-- Result  {0, who holds it} if that is not the former broker; else {1, epoch, session, messages}, both as HGETALL gives
--         them. An epoch never falls below the time.
local known = redis.call('HMGET', KEYS[1], 'broker', 'epoch')
local holder = known[1] or ''
if holder ~= ARGV[3] then
  return { 0, holder }
end
local epoch = math.max(tonumber(known[2] or '0') + 1, tonumber(ARGV[5]))
local session, messages = {}, {}
if ARGV[4] == '1' then
  redis.call('DEL', KEYS[1], KEYS[2])
else
  session = redis.call('HGETALL', KEYS[1])
  messages = redis.call('HGETALL', KEYS[2])
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[1], 'broker', ARGV[2], 'epoch', string.format('%.0f', epoch))
if ARGV[3] ~= '' then
  redis.call('SREM', KEYS[4], ARGV[1])
end
redis.call('SADD', KEYS[3], ARGV[1])
return { 1, epoch, session, messages }
