-- Closes deliveries of devices whose turn has not come and will not: none goes into an inbox, each is a receipt with the reason.
-- KEYS  1 deliveries of the notification  2 receipts stream  3 devices that wait for their turn
-- ARGV  1 now, base 36  2 notification  3 app  4 when its deliveries may be forgotten, ms  5 reason  6.. devices
-- Result  how many were closed
local now, nid, app, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local lines = {}
for i = 6, #ARGV do
  local device = ARGV[i]
  if redis.call('HSETNX', KEYS[1], device, 'q' .. now .. ';s' .. now .. ',,' .. reason) == 1 then
    table.insert(lines, table.concat({ app, nid, device, 's', now, '', reason, '' }, '\t'))
  end
  redis.call('ZREM', KEYS[3], device)
end
local closed = #lines
if closed > 0 then
  redis.call('HINCRBY', KEYS[1], '#q', closed)
  redis.call('HINCRBY', KEYS[1], '#s', closed)
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
  table.insert(lines, table.concat({ app, nid, '', 'q', now, '', closed, '' }, '\t'))
  redis.call('XADD', KEYS[2], '*', 'd', table.concat(lines, '\n'))
end
return closed
