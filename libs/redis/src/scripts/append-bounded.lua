-- Appends an entry to a stream that is not full.
-- KEYS  1 stream
-- ARGV  1 data  2 entries that the stream may hold
-- Result  id of the entry, or '' when the stream is full
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return ''
end
return redis.call('XADD', KEYS[1], '*', 'd', ARGV[1])
