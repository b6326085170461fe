-- Counts an attempt to register, within a window that begins with the first.
-- KEYS  1 attempts of one address
-- ARGV  1 length of the window, ms
-- Result  {attempts in this window, ms until it ends}
local attempts = redis.call('INCR', KEYS[1])
if attempts == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return { attempts, redis.call('PTTL', KEYS[1]) }
