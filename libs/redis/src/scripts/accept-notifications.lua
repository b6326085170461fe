-- Writes notifications of a lane and puts them on their way, in their order, each once per idempotency key.
-- KEYS  1 intake stream  2 due set
--       3.. per notification: itself, its idempotency record (its own key again when the caller gave none), and those of its
--       turn that are not deposited (its own key again when it has no turn)
-- ARGV  1 life of an idempotency record, s  2 life of a turn, s
--       3.. per notification a JSON array of texts (they cost their sender a third less than as arguments): id, digest of the
--       request ('' without an idempotency key), due time, ms ('' for now), when it may be forgotten, ms, '1' = it has a turn,
--       its entry in the intake stream, field, value, …
-- Result  {'accepted' | 'replayed' | 'mismatch', id of the notification that stands, … for each}
local function before(record, digest, id)
  local earlier = redis.call('HMGET', record, 'digest', 'id')
  if earlier[1] then
    return earlier[1] == digest and 'replayed' or 'mismatch', earlier[2]
  end
  redis.call('HSET', record, 'digest', digest, 'id', id)
  redis.call('EXPIRE', record, ARGV[1])
end

local results, k = {}, 3
for a = 3, #ARGV do
  local given = cjson.decode(ARGV[a])
  local id, digest, due, turned = given[1], given[2], given[3], given[5] == '1'
  local outcome, stands
  if digest ~= '' then
    outcome, stands = before(KEYS[k + 1], digest, id)
  end
  if not outcome then
    redis.call('HSET', KEYS[k], unpack(given, 7))
    redis.call('PEXPIREAT', KEYS[k], given[4])
    if due == '' then
      redis.call('XADD', KEYS[1], '*', 'd', given[6])
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
  k = k + 3
end
return results
