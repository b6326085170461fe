-- Changes a campaign, if it is as the caller read it: its fields, its runs and their notifications, all in one step, so that no run begins twice or behind a pause.
-- KEYS  1 campaign  2 campaigns of the app  3 campaigns to be looked at  4 what was done with it  5 times of its runs  6 its runs
--       7 campaigns that fences trigger  8 intake stream  9 paced notifications of the lane  10.. notifications
-- ARGV  1 id  2 revision that was read ('0' = none yet)  3 now, ms  4 when it is looked at next, ms ('' = as before, '-' = never)
--       5 what was done (JSON), or ''  6 what triggers it (JSON), '' = as before, '-' = nothing  7 how many fields and values, how many runs, how many
--       fields to forget ("4 1 0")  8.. fields and values; of each run its time and JSON; fields to forget; of each notification its id and 'pause',
--       'resume' or 'cancel', or 'begin', when it may be forgotten (ms), the number of its fields and values, and these
-- Result  the new revision, or 0 when it has changed meanwhile
local revision = redis.call('HGET', KEYS[1], 'revision') or '0'
if revision ~= ARGV[2] then
  return 0
end
local fields, runs, forgotten = ARGV[7]:match('(%d+) (%d+) (%d+)')
local at = 8
if tonumber(fields) > 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV, at, at + fields - 1))
  at = at + fields
end
for _ = 1, tonumber(runs) do
  redis.call('ZADD', KEYS[5], ARGV[at], ARGV[at])
  redis.call('HSET', KEYS[6], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(forgotten) do
  redis.call('HDEL', KEYS[1], ARGV[at])
  at = at + 1
end

local function isOver(status)
  return not status or status == 'sent' or status == 'cancelled' or status == 'recalled'
end

for i = 10, #KEYS do
  local id, verb = ARGV[at], ARGV[at + 1]
  at = at + 2
  if verb == 'begin' then
    local count = tonumber(ARGV[at + 1])
    if redis.call('EXISTS', KEYS[i]) == 0 then
      redis.call('HSET', KEYS[i], unpack(ARGV, at + 2, at + 1 + count))
      redis.call('PEXPIREAT', KEYS[i], ARGV[at])
      redis.call('XADD', KEYS[8], '*', 'd', '{"notificationId":"' .. id .. '"}')
    end
    at = at + 2 + count
  elseif not isOver(redis.call('HGET', KEYS[i], 'status')) then
    if verb == 'pause' then
      redis.call('HSETNX', KEYS[i], 'pausedAt', ARGV[3])
    elseif verb == 'resume' then
      redis.call('HDEL', KEYS[i], 'pausedAt')
    else
      redis.call('HSET', KEYS[i], 'status', 'cancelled', 'cancelledAt', ARGV[3])
    end
    redis.call('ZADD', KEYS[9], 'XX', ARGV[3], id)
  end
end

if ARGV[4] == '-' then
  redis.call('ZREM', KEYS[3], ARGV[1])
elseif ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
end
if ARGV[5] ~= '' then
  redis.call('LPUSH', KEYS[4], ARGV[5])
  redis.call('LTRIM', KEYS[4], 0, 999)
end
if ARGV[6] == '-' then
  redis.call('HDEL', KEYS[7], ARGV[1])
elseif ARGV[6] ~= '' then
  redis.call('HSET', KEYS[7], ARGV[1], ARGV[6])
end
if revision == '0' then
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
end
for _, old in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1001)) do
  redis.call('ZREM', KEYS[5], old)
  redis.call('HDEL', KEYS[6], old)
end
return redis.call('HINCRBY', KEYS[1], 'revision', 1)
