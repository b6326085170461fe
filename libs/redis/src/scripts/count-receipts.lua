-- Adds an entry of the receipts stream to the day's statistics and acknowledges it, both or neither.
-- KEYS  1 receipts stream  2.. statistics of an app and a day
-- ARGV  1 consumer group  2 entry id  3 life of the statistics, s  4.. per count: index into KEYS, field, number
-- Result  1, or 0 when the entry had been counted before
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return 0
end
redis.call('XDEL', KEYS[1], ARGV[2])
for a = 4, #ARGV, 3 do
  local key = KEYS[tonumber(ARGV[a])]
  redis.call('HINCRBY', key, ARGV[a + 1], ARGV[a + 2])
  redis.call('EXPIRE', key, ARGV[3])
end
return 1
