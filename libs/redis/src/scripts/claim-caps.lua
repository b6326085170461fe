-- Counts a notification against the caps of users of one partition, once each however often it is asked, or says which cap holds it back.
-- A sorted set has a notification that was let through under the time, one that was held back under the time less than nothing.
-- KEYS  1.. per user: one sorted set for each cap
-- ARGV  1 now, ms  2 notification  3 number of caps  4.. per cap: how many at the most, in how many ms
-- Result  per user: 0 when it may go, else the number of the cap that holds it back; what was said before is said again
local now, nid, n = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

local function saidBefore(first)
  for c = 1, n do
    local at = redis.call('ZSCORE', KEYS[first + c], nid)
    if at then
      return tonumber(at) > 0 and 0 or c
    end
  end
end

local function forgetOld(key, window)
  redis.call('ZREMRANGEBYSCORE', key, 0, now - window)
  redis.call('ZREMRANGEBYSCORE', key, window - now, 0)
end

local function exhausted(first)
  for c = 1, n do
    local max, window = tonumber(ARGV[2 + 2 * c]), tonumber(ARGV[3 + 2 * c])
    forgetOld(KEYS[first + c], window)
    if redis.call('ZCOUNT', KEYS[first + c], 0, '+inf') >= max then
      return c
    end
  end
end

local function write(key, c, at)
  redis.call('ZADD', key, at, nid)
  redis.call('PEXPIRE', key, ARGV[3 + 2 * c])
end

local answers = {}
for first = 0, #KEYS - n, n do
  local answer = saidBefore(first)
  if not answer then
    local cap = exhausted(first)
    if cap then
      write(KEYS[first + cap], cap, -now)
    else
      for c = 1, n do
        write(KEYS[first + c], c, now)
      end
    end
    answer = cap or 0
  end
  table.insert(answers, answer)
end
return answers
