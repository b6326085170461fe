-- Takes a notification out of the expiry index, if nothing was deposited since its deliveries were closed.
-- KEYS  1 expiry index  2 deliveries of the notification
-- ARGV  1 notification  2 deliveries that there were before ('' = none)
-- Result  1 when it was taken out
if (redis.call('HGET', KEYS[2], '#q') or '') ~= ARGV[2] then
  return 0
end
return redis.call('ZREM', KEYS[1], ARGV[1])
