-- Writes notifications of a lane and puts them on their way, in their order, each once per idempotency key.
-- KEYS  1 intake stream  2 due set
--       3.. per notification: itself, its idempotency record (its own key again when the caller gave none), and those of its
--       turn that are not deposited (its own key again when it has no turn)
-- ARGV  1 life of an idempotency record, s  2 life of a turn, s
--       3.. per notification: id, digest of the request ('' without an idempotency key), due time, ms ('' for now), when it may
--       be forgotten, ms, '1' = it has a turn, its entry in the intake stream, number of the rest, field, value, …
-- Result  {'accepted' | 'replayed' | 'mismatch', id of the notification that stands, … for each}
local function before(record, digest, id)
  local earlier = redis.call('HMGET', record, 'digest', 'id')
  if earlier[1] then
    return earlier[1] == digest and 'replayed' or 'mismatch', earlier[2]
  end
  redis.call('HSET', record, 'digest', digest, 'id', id)
  redis.call('EXPIRE', record, ARGV[1])
end

local results, k, a = {}, 3, 3
while k <= #KEYS do
  local id, digest, due, turned = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 4] == '1'
  local last = a + 6 + tonumber(ARGV[a + 6])
  local outcome, stands
  if digest ~= '' then
    outcome, stands = before(KEYS[k + 1], digest, id)
  end
  if not outcome then
    redis.call('HSET', KEYS[k], unpack(ARGV, a + 7, last))
    redis.call('PEXPIREAT', KEYS[k], ARGV[a + 3])
    if due == '' then
      redis.call('XADD', KEYS[1], '*', 'd', ARGV[a + 5])
    else
      redis.call('ZADD', KEYS[2], due, id)
    end
    if turned then
      redis.call('RPUSH', KEYS[k + 2], id)
      redis.call('EXPIRE', KEYS[k + 2], ARGV[2])
    end
  end
  results[#results + 1] = outcome or 'accepted'
  results[#results + 1] = stands or id
  k, a = k + 3, last + 1
end
return results
