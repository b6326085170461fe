-- Moves an entry that keeps failing from its stream to the dead letters beside it.
-- KEYS  1 stream  2 dead letters
-- ARGV  1 consumer group  2 entry id  3 its data  4 reason  5 deliveries  6 now, ms  7 dead letters that are kept
-- Result  how many of the oldest dead letters had to go for it, or -1 when another worker has finished the entry
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return -1
end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', 'd', ARGV[3], 'reason', ARGV[4], 'deliveries', ARGV[5], 'at', ARGV[6])
return redis.call('XTRIM', KEYS[2], 'MAXLEN', ARGV[7])
