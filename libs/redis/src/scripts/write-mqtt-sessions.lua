-- Writes what changed in sessions of one partition that a broker holds.
-- KEYS  1 ids that the broker holds  then for each session: the session, its messages
-- ARGV  for each session: client id, epoch, then what becomes of it: 'keep', 'end' or 'release', then its life in ms if
--       nobody holds it ('' for ever), then four lists, each preceded by its length: fields and values of the session,
--       fields of it to remove, fields and values of the messages, fields of them to remove
-- Result  for each session 1, or 0 if somebody else holds it by now: nothing of it was written
local at = 1
local function take()
  at = at + 1
  return ARGV[at - 1]
end
-- The next list, in portions that a call can take.
local function each(portion)
  local left = tonumber(take())
  while left > 0 do
    local count = math.min(left, 1000)
    if portion then
      portion(unpack(ARGV, at, at + count - 1))
    end
    at = at + count
    left = left - count
  end
end
local results = {}
for key = 2, #KEYS, 2 do
  local session, messages = KEYS[key], KEYS[key + 1]
  local client, epoch, fate, life = take(), take(), take(), take()
  local held = redis.call('HGET', session, 'epoch') == epoch
  local writes = held and fate ~= 'end'
  each(writes and function(...)
    redis.call('HSET', session, ...)
  end)
  each(writes and function(...)
    redis.call('HDEL', session, ...)
  end)
  each(writes and function(...)
    redis.call('HSET', messages, ...)
  end)
  each(writes and function(...)
    redis.call('HDEL', messages, ...)
  end)
  if held and fate == 'end' then
    redis.call('DEL', session, messages)
  elseif held and fate == 'release' then
    redis.call('HSET', session, 'broker', '')
    if life ~= '' then
      redis.call('PEXPIRE', session, life)
      redis.call('PEXPIRE', messages, life)
    end
  end
  if held and fate ~= 'keep' then
    redis.call('SREM', KEYS[1], client)
  end
  table.insert(results, held and 1 or 0)
end
return results
