-- Closes deliveries of devices that get none: none goes into an inbox, each is a receipt with the reason.
-- KEYS  1 deliveries of the notification  2 receipts stream  3 devices that wait for their turn
-- ARGV  1 now, base 36  2 notification  3 app  4 when its deliveries may be forgotten, ms
--       5.. per device: id, step letter, reason
-- Result  how many were closed; one that was made before stays as it is
local now, nid, app = ARGV[1], ARGV[2], ARGV[3]
local lines, counts = {}, {}
for i = 5, #ARGV, 3 do
  local device, letter, reason = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HSETNX', KEYS[1], device, 'q' .. now .. ';' .. letter .. now .. ',,' .. reason) == 1 then
    counts[letter] = (counts[letter] or 0) + 1
    table.insert(lines, table.concat({ app, nid, device, letter, now, '', reason, '' }, '\t'))
  end
  redis.call('ZREM', KEYS[3], device)
end
local closed = #lines
if closed > 0 then
  redis.call('HINCRBY', KEYS[1], '#q', closed)
  for letter, count in pairs(counts) do
    redis.call('HINCRBY', KEYS[1], '#' .. letter, count)
  end
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
  table.insert(lines, table.concat({ app, nid, '', 'q', now, '', closed, '' }, '\t'))
  report(KEYS[2], lines)
end
return closed
