-- Gives out permits at a steady rate, whoever asks. What was not asked for is lost but for the last moments, so that the rate is never made up for in a burst.
-- KEYS  1 pace
-- ARGV  1 now, ms  2 ms a permit  3 wanted  4 how much may be made up for, ms  5 life of the key, ms
-- Result  {how many, ms until there is the next one}
local now, each, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local next = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now - tonumber(ARGV[4]))
local granted = math.min(wanted, math.max(0, math.floor((now - next) / each + 1)))
next = next + granted * each
redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', ARGV[5])
return { granted, math.max(0, math.ceil(next - now)) }
