-- Gives the state of an XMPP session to the edge that goes on with it: from then on the former edge saves nothing.
-- KEYS  1 state
-- ARGV  1 edge  2 time to live, ms
-- Result  {former edge, state}, or false when there is none
local former = redis.call('GET', KEYS[1])
if not former then
  return false
end
local owner, state = former:match('^(%S+) (.*)$')
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. state, 'PX', ARGV[2])
return { owner, state }
