-- Moves what is due from the due set to the intake stream; two workers never move the same one.
-- KEYS  1 due set  2 intake stream
-- ARGV  1 now, ms  2 at most so many
-- Result  {how many were moved, due time of the next one in ms, or ''}
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do
  redis.call('XADD', KEYS[2], '*', 'd', '{"notificationId":"' .. id .. '"}')
end
if #ids > 0 then
  redis.call('ZREM', KEYS[1], unpack(ids))
end
local nextOne = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { #ids, nextOne[2] or '' }
