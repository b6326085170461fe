-- Keeps the states of XMPP sessions that are new or belong to this edge; each value is the edge's id, a space, and the state.
-- KEYS  states
-- ARGV  1 edge  2 time to live, ms  3.. states, in the order of KEYS
-- Result  places in KEYS, from 1, of those that belong to another edge by now
local owner = ARGV[1] .. ' '
local lost = {}
for k = 1, #KEYS do
  local former = redis.call('GETRANGE', KEYS[k], 0, #owner - 1)
  if former == '' or former == owner then
    redis.call('SET', KEYS[k], owner .. ARGV[k + 2], 'PX', ARGV[2])
  else
    table.insert(lost, k)
  end
end
return lost
