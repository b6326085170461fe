-- Makes a batch that was given up due again, under its former id.
-- KEYS  1 dead letters  2 batches  3 due set
-- ARGV  1 id of the dead letter  2 now, ms
-- Result  1, or 0 when the letter is gone
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then
  return 0
end
local letter = {}
for i = 1, #found[2], 2 do
  letter[found[2][i]] = found[2][i + 1]
end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], letter.batch, '0 ' .. letter.madeAt .. ' ' .. letter.events)
redis.call('ZADD', KEYS[3], ARGV[2], letter.batch)
return 1
