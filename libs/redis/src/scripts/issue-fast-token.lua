-- Puts a client's new XMPP token beside the one that it has. A device with too many clients loses the tokens of all of them.
-- KEYS  1 tokens of the device
-- ARGV  1 client  2 serial number  3 expiry, ms since 1970  4 time to live of the key, ms  5 clients at most
-- Result  1
local former = redis.call('HGET', KEYS[1], ARGV[1])
if not former and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  redis.call('DEL', KEYS[1])
end
local previous = former and former:match('^%S+') or ''
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ',' .. ARGV[3] .. ' ' .. previous)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
