-- Forgets consumers of a group that have been silent for long and have nothing pending: those of processes that are gone.
-- One that lives is made anew by its next read.
-- KEYS  1 stream
-- ARGV  1 consumer group  2 silent for so long, ms
-- Result  how many were forgotten
local forgotten = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local facts = {}
  for f = 1, #consumer, 2 do
    facts[consumer[f]] = consumer[f + 1]
  end
  if facts.pending == 0 and facts.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], facts.name)
    forgotten = forgotten + 1
  end
end
return forgotten
