-- Forgets the state of an XMPP session, unless it belongs to another edge by now.
-- KEYS  1 state
-- ARGV  1 edge
-- Result  1 when it was forgotten
local owner = ARGV[1] .. ' '
if redis.call('GETRANGE', KEYS[1], 0, #owner - 1) ~= owner then
  return 0
end
return redis.call('DEL', KEYS[1])
