-- Says which inboxes hold something.
-- KEYS  1.. inboxes
-- ARGV  none
-- Result  their indexes
local waiting = {}
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    waiting[#waiting + 1] = i
  end
end
return waiting
