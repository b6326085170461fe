-- Puts events into an endpoint's queue; the oldest of a full queue go, and are counted.
-- KEYS  1 events  2 state of the endpoint
-- ARGV  1 the events, JSON objects joined by commas  2 how many  3 now, ms  4 bound of the queue, entries
-- Result  1, or 0 when the endpoint is gone
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local surplus = redis.call('XLEN', KEYS[1]) + 1 - tonumber(ARGV[4])
if surplus > 0 then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', surplus)) do
    redis.call('HINCRBY', KEYS[2], 'dropped', entry[2][4])
    redis.call('XDEL', KEYS[1], entry[1])
  end
end
redis.call('XADD', KEYS[1], '*', 'd', ARGV[1], 'n', ARGV[2], 't', ARGV[3])
return 1
