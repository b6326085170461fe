-- Puts a dead letter back at the end of the stream that it came from, marked as one that was begun before.
-- KEYS  1 dead letters  2 stream
-- ARGV  1 id of the dead letter
-- Result  id of the new entry, or '' when the letter is gone
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then
  return ''
end
local fields = found[2]
local data
for i = 1, #fields, 2 do
  if fields[i] == 'd' then
    data = fields[i + 1]
  end
end
redis.call('XDEL', KEYS[1], ARGV[1])
return redis.call('XADD', KEYS[2], '*', 'd', data, 'r', '1')
